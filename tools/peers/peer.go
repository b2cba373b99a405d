package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/tools/internal/load"
	"gin-blog/tools/internal/program"
)

// peer is a server that is measured.
type peer struct {
	name, store string // as the table calls them
	command     []string
	addressFlag string // of the command, before the address to listen on; without one, PORT says where
	env         []string
	listPath    string                       // of the first page of posts
	postPath    func(id string) string       // of one post
	decode      func([]byte) ([]item, error) // reads the answer to listPath

	ginBlog *peer // gin-blog on the same kind of store
	addr    string
	pid     int
	figures []*figures // of the list, and of one post
}

// figures are the results of one request to one peer: a value for each round.
type figures struct {
	load      *load.Request
	processor []float64 // µs a request
	p99       []float64 // ms
	memory    []float64 // MiB
}

// item is a post of a list: what it must have, whoever sends it.
type item struct{ id, title, content, author string }

// decodeArray reads a list in the tutorial's form.
func decodeArray(body []byte) ([]item, error) {
	var posts []struct {
		ID             string `json:"_id"`
		Title, Content string
		Author         struct{ Username string }
	}
	err := json.Unmarshal(body, &posts)
	items := make([]item, len(posts))
	for i, p := range posts {
		items[i] = item{p.ID, p.Title, p.Content, p.Author.Username}
	}
	return items, err
}

// decodeRecords reads a list in PocketBase's form.
func decodeRecords(body []byte) ([]item, error) {
	var page struct {
		Items []struct {
			ID, Title, Content string
			Expand             struct {
				Author struct{ Username string }
			}
		}
	}
	err := json.Unmarshal(body, &page)
	items := make([]item, len(page.Items))
	for i, p := range page.Items {
		items[i] = item{p.ID, p.Title, p.Content, p.Expand.Author.Username}
	}
	return items, err
}

// prepare makes the requests. It is an error if the peer does not list the posts that are wanted, in their order and
// with their authors.
func (p *peer) prepare(ctx context.Context, want []models.Post) error {
	request, err := testkit.NewRequest(ctx, http.MethodGet, "http://"+p.addr+p.listPath, "")
	if err != nil {
		return err
	}
	answer, err := testkit.Do(request)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("GET %s: %d: %s", p.listPath, answer.Status, answer.Body)
	}
	items, err := p.decode([]byte(answer.Body))
	if err != nil {
		return fmt.Errorf("GET %s: %w", p.listPath, err)
	}
	if !slices.EqualFunc(items, want, func(got item, want models.Post) bool {
		return got.title == want.Title && got.content == want.Content && got.author == want.Author.Username
	}) {
		return fmt.Errorf("GET %s: not the newest %d posts: %s", p.listPath, len(want), answer.Body)
	}
	p.figures = []*figures{
		{load: load.Get(fmt.Sprintf("the newest %d posts", len(want)), p.addr, p.listPath, "", connections)},
		{load: load.Get("one post", p.addr, p.postPath(items[0].id), "", connections)},
	}
	return nil
}

// measure sends one of the requests to the peer for the given time and adds a value to each figure.
func (p *peer) measure(ctx context.Context, request int, length time.Duration) error {
	f := p.figures[request]
	before, err := processorTime(p.pid)
	if err != nil {
		return err
	}
	if err := f.load.Measure(ctx, length); err != nil {
		return err
	}
	after, err := processorTime(p.pid)
	if err != nil {
		return err
	}
	resident, err := program.ResidentMiB(p.pid, "VmRSS")
	if err != nil {
		return err
	}
	sample := f.load.Samples[len(f.load.Samples)-1]
	f.processor = append(f.processor, float64((after-before).Microseconds())/float64(sample.Answered))
	f.p99 = append(f.p99, load.Percentile(sample.Times, 99).Seconds()*1000)
	f.memory = append(f.memory, float64(resident))
	return nil
}

// forget discards the values so far.
func (p *peer) forget() {
	for _, f := range p.figures {
		f.load.Samples, f.processor, f.p99, f.memory = nil, nil, nil, nil
	}
}

// processorTime returns the time that a process has spent on processors, its own and that of the system for it.
func processorTime(pid int) (time.Duration, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	// The second field is the name, in parentheses. Linux counts in hundredths of a second here.
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	const userField, systemField = 14 - 3, 15 - 3
	if len(fields) <= systemField {
		return 0, fmt.Errorf("%s has only %d fields", path, len(fields)+2)
	}
	var total time.Duration
	for _, field := range []string{fields[userField], fields[systemField]} {
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", path, err)
		}
		total += time.Duration(ticks) * 10 * time.Millisecond
	}
	return total, nil
}
