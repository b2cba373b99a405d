package middleware

import (
	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// LimitPatience lets a request wait for the store as long as models.WithPatience says, however often it asks.
func LimitPatience(c *gin.Context) {
	c.Request = c.Request.WithContext(models.WithPatience(c.Request.Context()))
}
