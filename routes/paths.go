package routes

import (
	"fmt"
	"math"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// errNoPath says that there is nothing at a path, and that no path is like it.
var errNoPath = models.NewError(models.NotFound, "Not found: /docs shows every path")

const (
	// maxComparedPath is how many bytes of a path are compared with those of the router at most.
	maxComparedPath = 200
	// alike is how much the segments of a route that is said to be near may cost, on average.
	alike = 0.5
)

// What it costs to turn the segments of a request's path into those of a route. Segments that differ cost up to 1.
const (
	parameterCost = 0.5  // a segment stands where the route has a parameter
	missingCost   = 0.75 // one of them lacks a segment, such as the api of /api/posts
)

// noRoute returns the handler of unknown paths, which names the nearest of the known ones.
func noRoute(known gin.RoutesInfo) middleware.Handler {
	return func(c *gin.Context) error {
		nearest := nearestPath(known, c.Request.URL.Path)
		if nearest == "" {
			return errNoPath
		}
		return &models.Error{Kind: models.NotFound, Message: fmt.Sprintf("Not found: the nearest path is %s", nearest)}
	}
}

// nearestPath returns the path of a route that is most like path, or "" if none is like it.
func nearestPath(routes gin.RoutesInfo, path string) (nearest string) {
	if len(path) > maxComparedPath {
		return ""
	}
	given, least := segments(strings.ToLower(path)), math.Inf(1)
	for _, route := range routes {
		wanted := segments(route.Path)
		cost := distance(given, wanted)
		isAlike := cost <= alike*float64(max(len(given), len(wanted)))
		if isAlike && cost < least && !strings.Contains(route.Path, "*") {
			nearest, least = route.Path, cost
		}
	}
	return nearest
}

func segments(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// distance returns the least cost to turn the segments of a request into those of a route.
func distance(given, route []string) float64 {
	costs := make([]float64, len(route)+1) // of the segments given so far, by the number of segments of the route
	for j := range costs {
		costs[j] = missingCost * float64(j)
	}
	for _, segment := range given {
		diagonal := costs[0]
		costs[0] += missingCost
		for j, other := range route {
			replaced := parameterCost
			if !strings.HasPrefix(other, ":") {
				length := max(len(segment), len(other))
				replaced = float64(levenshtein.ComputeDistance(segment, other)) / float64(length)
			}
			diagonal, costs[j+1] = costs[j+1], min(diagonal+replaced, costs[j+1]+missingCost, costs[j]+missingCost)
		}
	}
	return costs[len(route)]
}
