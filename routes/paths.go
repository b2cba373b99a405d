package routes

import (
	"fmt"
	"slices"
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
	// alike is the largest part of a segment that may differ from a segment of the router that is said to be near.
	alike = 0.4
)

// What it costs to turn the segments of a request's path into those of a route. Segments that differ cost up to 1.
const (
	parameterCost = 0.5  // a segment stands where the route has a parameter
	extraCost     = 0.75 // the route lacks a segment, such as the api of /api/posts
	missingCost   = 1.0  // the request lacks a segment
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

// nearestPath returns the path of a route that is most like path. It returns "" if no route has a segment that is like
// one of path.
func nearestPath(routes gin.RoutesInfo, path string) string {
	if len(path) > maxComparedPath {
		return ""
	}
	given := segments(strings.ToLower(path))
	nearest, least := "", 0.0
	for _, route := range routes {
		if strings.Contains(route.Path, "*") {
			continue
		}
		cost, isAlike := distance(given, segments(route.Path))
		closer := cost < least || cost == least && route.Path < nearest
		if isAlike && (nearest == "" || closer) {
			nearest, least = route.Path, cost
		}
	}
	return nearest
}

func segments(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(segment string) bool { return segment == "" })
}

// distance returns the least cost to turn the segments of a request into those of a route, and whether two of them are
// alike.
func distance(given, route []string) (cost float64, isAlike bool) {
	costs := make([]float64, len(route)+1) // of the segments given so far, by the number of segments of the route
	for j := range route {
		costs[j+1] = costs[j] + missingCost
	}
	for _, segment := range given {
		diagonal := costs[0]
		costs[0] += extraCost
		for j, other := range route {
			replaced := parameterCost
			if !strings.HasPrefix(other, ":") {
				length := max(len(segment), len(other))
				replaced = float64(levenshtein.ComputeDistance(segment, other)) / float64(length)
				isAlike = isAlike || replaced <= alike
			}
			best := min(diagonal+replaced, costs[j+1]+extraCost, costs[j]+missingCost)
			diagonal, costs[j+1] = costs[j+1], best
		}
	}
	return costs[len(route)], isAlike
}
