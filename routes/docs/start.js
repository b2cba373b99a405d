// Shows the API's document in Swagger UI.
window.ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
  validatorUrl: null,
  showExtensions: true,
  showCommonExtensions: true,
  defaultModelsExpandDepth: -1,
});
