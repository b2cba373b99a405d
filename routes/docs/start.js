// Shows the API's document in Swagger UI.
window.ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null, // asks no other server
  showExtensions: true,
  showCommonExtensions: true,
  defaultModelsExpandDepth: -1, // hides the list of schemas
  persistAuthorization: true, // in the browser's local storage, until the user logs out in the dialog
  requestInterceptor: (request) => {
    // People paste the token with the word Bearer too, and Swagger UI adds another one.
    if (request.headers.Authorization) {
      request.headers.Authorization = request.headers.Authorization.replace(/^(\s*Bearer\s+)+/i, "Bearer ").trim();
    }
    return request;
  },
});
