package answer_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/internal/answer"
)

// newEngine answers GET and HEAD / with a body and an ETag, behind Answer.
func newEngine(body string) *gin.Engine {
	gin.SetMode(gin.TestMode)
	r := gin.New()
	r.Use(answer.Buffer(), func(c *gin.Context) {
		c.Next()
		if len(c.Errors) > 0 {
			c.Status(http.StatusServiceUnavailable)
		}
	})
	r.Match([]string{http.MethodGet, http.MethodHead}, "/", func(c *gin.Context) {
		c.Header("ETag", `"tag"`)
		c.Header("Last-Modified", "Thu, 01 Jan 2026 10:00:00 GMT")
		if err := answer.Reserve(c, len(body)); err != nil {
			_ = c.Error(err)
			return
		}
		answer.Set(c, http.StatusOK, "text/plain", []byte(body))
	})
	return r
}

func get(r http.Handler, method string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, "/", nil)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Add(name, value)
	}
	answer := httptest.NewRecorder()
	r.ServeHTTP(answer, request)
	return answer
}

func TestAnswerNegotiatesGzip(t *testing.T) {
	long := strings.Repeat("Hello ", 1000)
	r := newEngine(long)
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "x-gzip": true, "gzip;q=0": false, "gzip; q=0.000": false, "gzip;q=0.1": true,
		"*": true, "*;q=0": false, "gzip;q=0, *": false, "br, *;q=0.5": true, "br, identity": false, "identity;q=0, *": true,
		"br;q=1.0, gzip;q=0.8": true, "gzipped": false,
	} {
		answer := get(r, http.MethodGet, "Accept-Encoding: "+accept)
		if got := answer.Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("Accept-Encoding %q: compressed %v, want %v", accept, got, want)
		}
		wantTag := `"tag"`
		if want {
			wantTag = `"tag-gzip"`
		}
		if answer.Header().Get("ETag") != wantTag || answer.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: headers %v", accept, answer.Header())
		}
		head := get(r, http.MethodHead, "Accept-Encoding: "+accept)
		for name := range answer.Header() {
			if head.Header().Get(name) != answer.Header().Get(name) {
				t.Errorf("Accept-Encoding %q: HEAD has %s %q, GET %q",
					accept, name, head.Header().Get(name), answer.Header().Get(name))
			}
		}
		if head.Body.Len() > 0 {
			t.Errorf("HEAD has a body of %d bytes", head.Body.Len())
		}
	}
	unpacked, err := gzip.NewReader(get(r, http.MethodGet, "Accept-Encoding: gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(unpacked); err != nil || string(body) != long {
		t.Errorf("the compressed answer has %d bytes, %v", len(body), err)
	}
	short := get(newEngine(strings.Repeat("x", 1024)), http.MethodGet, "Accept-Encoding: gzip")
	if short.Header().Get("Content-Encoding") != "" || short.Header().Get("Vary") != "" {
		t.Errorf("a short answer has %v", short.Header())
	}
}

func TestAnswerToConditionalReads(t *testing.T) {
	r := newEngine("Hello")
	const before, after = "Thu, 01 Jan 2026 09:59:59 GMT", "Thu, 01 Jan 2026 10:00:00 GMT"
	for _, c := range []struct {
		headers []string
		want    int
	}{
		{[]string{`If-None-Match: "tag"`}, 304},
		{[]string{`If-None-Match: W/"tag"`}, 304},
		{[]string{`If-None-Match: "tag-gzip"`}, 304},
		{[]string{`If-None-Match: "other"`, `If-None-Match: "a, b", "tag"`}, 304},
		{[]string{"If-None-Match: *"}, 304},
		{[]string{`If-None-Match: "other"`}, 200},
		{[]string{`If-None-Match: tag`}, 200},
		{[]string{"If-Modified-Since: " + after}, 304},
		{[]string{"If-Modified-Since: " + before}, 200},
		{[]string{"If-Modified-Since: yesterday"}, 200},
		{[]string{`If-None-Match: "other"`, "If-Modified-Since: " + after}, 200}, // If-None-Match decides alone
		{[]string{`If-None-Match: "tag"`, "If-Modified-Since: " + before}, 304},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			answer := get(r, method, c.headers...)
			if answer.Code != c.want {
				t.Errorf("%s with %v: %d, want %d", method, c.headers, answer.Code, c.want)
			}
			if answer.Header().Get("ETag") != `"tag"` || answer.Header().Get("Last-Modified") == "" {
				t.Errorf("%s with %v: headers %v", method, c.headers, answer.Header())
			}
			if answer.Code == 304 && (answer.Body.Len() > 0 || answer.Header().Get("Content-Type") != "") {
				t.Errorf("%s with %v: 304 with %v and %d bytes", method, c.headers, answer.Header(), answer.Body.Len())
			}
		}
	}
}

func TestPreconditionsOfWrites(t *testing.T) {
	modified := time.Date(2026, 1, 1, 10, 0, 0, 5e8, time.UTC)
	for _, c := range []struct {
		headers http.Header
		want    error
	}{
		{http.Header{}, nil},
		{http.Header{"If-Match": {`"tag"`}}, nil},
		{http.Header{"If-Match": {`"a"`, `"tag-gzip"`}}, nil},
		{http.Header{"If-Match": {"*"}}, nil},
		{http.Header{"If-Match": {`W/"tag"`}}, answer.ErrWeak},
		{http.Header{"If-Match": {`W/"tag"`, `"a"`}}, answer.ErrWeak},
		{http.Header{"If-Match": {`W/"a"`, `"tag"`}}, nil},
		{http.Header{"If-Match": {`"a"`}}, answer.ErrChanged},
		{http.Header{"If-Unmodified-Since": {"Thu, 01 Jan 2026 10:00:00 GMT"}},
			nil},
		{http.Header{"If-Unmodified-Since": {"Thu, 01 Jan 2026 09:59:59 GMT"}},
			answer.ErrChanged},
		{http.Header{"If-Unmodified-Since": {"yesterday"}}, nil},
		{http.Header{"If-Match": {`"tag"`}, "If-Unmodified-Since": {"Thu, 01 Jan 2026 09:59:59 GMT"}},
			nil},
		{http.Header{"If-None-Match": {"*"}}, answer.ErrExcluded},
		{http.Header{"If-None-Match": {`"tag"`}}, answer.ErrExcluded},
		{http.Header{"If-None-Match": {`"a"`}}, nil},
	} {
		if got := answer.CheckWrite(c.headers, func() string { return `"tag"` }, modified); got != c.want {
			t.Errorf("%v: got %+v, want %+v", c.headers, got, c.want)
		}
	}
}

// slowClient takes no byte of an answer until it may.
type slowClient struct {
	*httptest.ResponseRecorder
	may <-chan struct{}
}

func (s slowClient) Write(p []byte) (int, error) {
	<-s.may
	return s.ResponseRecorder.Write(p)
}

// TestLargeAnswersAreBounded: slow clients hold a bounded number of large answers; small ones are answered all the
// same, and large ones too when the slow clients are done.
func TestLargeAnswersAreBounded(t *testing.T) {
	large, small := newEngine(strings.Repeat("x", 1<<20)), newEngine("Hello")
	may := make(chan struct{})
	const clients = 60
	answers := make(chan *httptest.ResponseRecorder, clients)
	var serving sync.WaitGroup
	for range clients {
		serving.Go(func() {
			client := slowClient{httptest.NewRecorder(), may}
			large.ServeHTTP(client, httptest.NewRequest(http.MethodGet, "/", nil))
			answers <- client.ResponseRecorder
		})
	}
	refused := 0
	for range clients - 32 { // the refused ones have no body to wait with
		if answer := <-answers; answer.Code == http.StatusServiceUnavailable {
			refused++
		}
	}
	if refused != clients-32 {
		t.Errorf("%d of %d large answers were refused, want %d", refused, clients, clients-32)
	}
	if answer := get(small, http.MethodGet); answer.Code != http.StatusOK {
		t.Errorf("a small answer: %d", answer.Code)
	}
	close(may)
	serving.Wait()
	if answer := get(large, http.MethodGet); answer.Code != http.StatusOK || answer.Body.Len() != 1<<20 {
		t.Errorf("a large answer afterwards: %d, %d bytes", answer.Code, answer.Body.Len())
	}
}

// TestContentTagCoversEveryByte: two answers that differ anywhere have different ETags.
func TestContentTagCoversEveryByte(t *testing.T) {
	body := []byte(`{"title":"My Post","content":"Hello"}`)
	tags := map[string]bool{answer.Tag(body, "x"): true, answer.Tag(body, "y"): true}
	for i := range body {
		other := bytes.Clone(body)
		other[i]++
		tags[answer.Tag(other, "x")] = true
	}
	if len(tags) != len(body)+2 {
		t.Errorf("%d ETags for %d contents", len(tags), len(body)+2)
	}
}
