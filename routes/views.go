package routes

import (
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
	"gin-blog/internal/markdown"
	"gin-blog/internal/urls"
	"gin-blog/middleware"
	"gin-blog/models"
)

const (
	excerptLength = 300 // characters
	// maxViewTime is after how long no further post is rendered for an answer.
	maxViewTime = 2 * time.Second
)

// postView is a post as a front end shows it, by the parameter view. Its content hides that of the postBody.
type postView struct {
	postBody
	Content        *string `json:"content,omitzero"` // nil in a summary
	Excerpt        string  `json:"excerpt"`
	URL            string  `json:"url"`
	ReadingMinutes int     `json:"readingMinutes"`
	HTML           *string `json:"html,omitzero"` // nil in a summary
}

// originOfView finds out the address of the site for an answer that has it. Other answers need none.
func (h *api) originOfView(c *gin.Context) {
	if _, ok := c.GetQuery("view"); ok {
		middleware.Origin(h.Address)(c)
	}
}

// renderViews answers with a page of posts in the view of a query. A page that costs much ends early, so that the next
// one begins there.
func (h *api) renderViews(c *gin.Context, q query, page []models.Post, more bool) error {
	isBackward := !q.before.IsZero()
	if isBackward {
		slices.Reverse(page)
	}
	views, err := h.viewPosts(c, q, page)
	if err != nil {
		return err
	}
	page, more = page[:len(views)], more || len(views) < len(page)
	if isBackward {
		slices.Reverse(page)
		slices.Reverse(views)
	}
	return renderRows(c, q, page, more, views)
}

// viewPosts returns posts in the view of a query: all, or the first ones that have about maxHTML bytes of HTML, or take
// maxViewTime.
func (h *api) viewPosts(c *gin.Context, q query, posts []models.Post) (views []postView, err error) {
	origin, start, htmlSize, size := middleware.OriginOf(c), time.Now(), 0, 0
	for i := 0; i < len(posts) && htmlSize < maxHTML && time.Since(start) < maxViewTime; i++ {
		p := &posts[i]
		size += p.Size()
		if err := answer.Reserve(c, size); err != nil {
			return nil, err
		}
		v := postView{
			postBody: newPostBody(p), Excerpt: h.Markdown.Excerpt(p.Content, excerptLength),
			URL: origin + urls.Post(p.ID, p.Title), ReadingMinutes: p.ReadingMinutes(),
		}
		if q.values.Get("view") == "html" {
			rendered, err := h.Markdown.Render(c.Request.Context(), p.Content, markdown.Options{})
			if err != nil {
				return nil, err
			}
			html := string(markdown.Among(rendered.HTML, p.ID, origin))
			v.Content, v.HTML = &p.Content, &html
			htmlSize += len(html)
			size += 2 * len(html) // in JSON, a quotation mark takes two bytes
		}
		views = append(views, v)
	}
	return views, answer.Reserve(c, size)
}
