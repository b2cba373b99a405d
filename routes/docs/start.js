// Shows the API's document in Swagger UI.
window.ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null, // asks no other server
  showExtensions: true,
  showCommonExtensions: true,
  defaultModelsExpandDepth: -1, // hides the list of schemas
});
