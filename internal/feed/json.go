package feed

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonVersion names the version of JSON Feed.
const jsonVersion = "https://jsonfeed.org/version/1.1"

// The objects of JSON Feed 1.1.
type (
	jsonFeed struct {
		Version string     `json:"version"`
		Title   string     `json:"title"`
		Page    string     `json:"home_page_url"`
		Address string     `json:"feed_url"`
		Items   []jsonItem `json:"items"`
	}
	jsonItem struct {
		ID        string       `json:"id"`
		Address   string       `json:"url"`
		Title     string       `json:"title"`
		HTML      string       `json:"content_html,omitempty"`
		Text      string       `json:"content_text,omitempty"` // an item must have one of the two
		Summary   string       `json:"summary,omitempty"`
		Published string       `json:"date_published"`
		Updated   string       `json:"date_modified"`
		Authors   []jsonAuthor `json:"authors,omitempty"`
		Tags      []string     `json:"tags,omitempty"`
	}
	jsonAuthor struct {
		Name    string `json:"name"`
		Address string `json:"url"`
	}
)

// JSON returns the feed as a JSON Feed.
func (f *Feed) JSON() ([]byte, error) {
	document := jsonFeed{
		Version: jsonVersion, Title: f.Title, Page: f.Page, Address: f.Address, Items: make([]jsonItem, len(f.Entries)),
	}
	for i := range f.Entries {
		document.Items[i] = newJSONItem(&f.Entries[i])
	}
	body, err := json.Marshal(document, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("encode JSON Feed: %w", err)
	}
	return body, nil
}

func newJSONItem(e *Entry) jsonItem {
	item := jsonItem{
		ID: EntryID(e.ID), Address: e.Address, Title: e.Title, HTML: e.HTML, Summary: e.Summary,
		Published: timestamp(e.Published), Updated: timestamp(e.Updated), Tags: e.Tags,
	}
	if e.HTML == "" {
		item.Text, item.Summary = e.Summary, ""
	}
	if item.HTML == "" && item.Text == "" {
		item.Text = e.Title
	}
	if e.Author != nil {
		item.Authors = []jsonAuthor{{Name: e.Author.Name, Address: e.Author.Address}}
	}
	return item
}
