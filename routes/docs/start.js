// What a token is called in the document, and the calls whose answers bring a new one.
const scheme = "accessToken";
const grants = ["/auth/login", "/auth/refresh"];

// Shows the API's document in Swagger UI.
const ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null, // asks no other server
  showExtensions: true,
  showCommonExtensions: true,
  defaultModelsExpandDepth: -1, // hides the list of schemas
  requestInterceptor: (request) => {
    // People paste the token with the word Bearer too, and Swagger UI adds another one.
    if (request.headers.Authorization) {
      request.headers.Authorization = request.headers.Authorization.replace(/^(\s*Bearer\s+)+/i, "Bearer ").trim();
    }
    return request;
  },
  // After a login the next call carries its token, which stays in memory: it is gone when the page is left.
  responseInterceptor: (response) => {
    const path = new URL(response.url, location.href).pathname.replace(/\/$/, "");
    if (response.ok && grants.includes(path)) {
      ui.preauthorizeApiKey(scheme, response.body.accessToken);
    } else if (response.ok && path === "/auth/logout") {
      ui.authActions.logout([scheme]);
    }
    return response;
  },
});
