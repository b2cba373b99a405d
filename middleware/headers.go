package middleware

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/rs/cors"

	"gin-blog/internal/answer"
)

// hsts tells browsers to use HTTPS only, for a year, for this host and those below it (RFC 6797). It is for a server
// that speaks TLS itself.
func hsts(c *gin.Context) {
	c.Header("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
}

// noSniff keeps browsers from guessing another content type than the declared one.
func noSniff(c *gin.Context) { c.Header("X-Content-Type-Options", "nosniff") }

// closeWhen closes connections after the answer while the server drains (RFC 9112, section 9.6). Otherwise the
// server would have to cut them off later, perhaps with a request on its way.
func closeWhen(draining func() bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		if draining() {
			c.Header("Connection", "close")
		}
	}
}

// Secret marks answers that may have tokens. No cache stores them, and they are not compressed, because the length of a
// compressed answer reveals something about the secret (the BREACH attack).
func Secret(c *gin.Context) {
	NoStore(c)
	answer.LeavePlain(c)
}

// Revalidate lets clients store an answer, but makes them ask each time whether it is still valid.
func Revalidate(c *gin.Context) { c.Header("Cache-Control", "no-cache") }

// NoStore keeps caches from storing answers that are for one user.
func NoStore(c *gin.Context) { c.Header("Cache-Control", "no-store") }

// CORS lets pages of the given origins call the API, or all pages if one origin is "*". It does not allow
// credentials, because the API uses no cookies. It answers preflight requests itself.
func CORS(origins []string) gin.HandlerFunc {
	policy := cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{
			http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		},
		AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{"ETag", "Idempotency-Replayed", "Link", "Location", "Retry-After", "X-Request-ID"},
		MaxAge:         7200, // seconds; browsers do not remember it longer
	})
	return func(c *gin.Context) {
		policy.HandlerFunc(c.Writer, c.Request)
		if c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != "" {
			c.AbortWithStatus(http.StatusNoContent)
		}
	}
}
