package answer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"gin-blog/internal/answer"
)

// data is what a handler reads, and its version.
type data struct {
	version atomic.Int64
	reads   atomic.Int64
	broken  atomic.Bool
}

func (d *data) DataVersion(context.Context) (int64, error) {
	if d.broken.Load() {
		return 0, errors.New("no version")
	}
	return d.version.Load(), nil
}

// keeping answers every path from the data, behind a Keeper. size is the size of the bodies.
func keeping(d *data, size int, read func(c *gin.Context) error) (http.Handler, *prometheus.Registry) {
	gin.SetMode(gin.TestMode)
	registry := prometheus.NewRegistry()
	r, keeper := gin.New(), answer.NewKeeper(d, registry)
	r.Use(answer.Buffer(), func(c *gin.Context) {
		c.Header("X-Outside", c.GetHeader("X-Outside"))
		c.Next()
		if len(c.Errors) > 0 {
			c.Status(http.StatusInternalServerError)
		}
	}, func(c *gin.Context) {
		if err := keeper.Keep(c, ""); err != nil {
			_ = c.Error(err)
			c.Abort()
		}
	})
	r.Match([]string{http.MethodGet, http.MethodHead}, "/*path", func(c *gin.Context) {
		d.reads.Add(1)
		if err := read(c); err != nil {
			_ = c.Error(err)
			return
		}
		if err := answer.Reserve(c, size); err != nil {
			_ = c.Error(err)
			return
		}
		body := fmt.Sprintf("%s at %d %s", c.Request.URL, d.version.Load(), strings.Repeat("x", size))
		c.Header("ETag", fmt.Sprintf(`"%d"`, d.version.Load()))
		c.Header("Link", "<"+c.Request.URL.Path+">")
		answer.Set(c, http.StatusOK, "text/plain", []byte(body))
	})
	return r, registry
}

func ask(r http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	r.ServeHTTP(answer, request)
	return answer
}

func nothing(*gin.Context) error { return nil }

func TestKeeperSendsTheSameAnswerAgain(t *testing.T) {
	d := new(data)
	r, registry := keeping(d, 2000, nothing)
	first := ask(r, "GET", "/a?b=c", "X-Outside", "1")
	for _, c := range []struct {
		method  string
		headers []string
		status  int
	}{
		{"GET", nil, 200}, {"HEAD", nil, 200}, {"GET", []string{"Accept-Encoding", "gzip"}, 200},
		{"HEAD", []string{"Accept-Encoding", "gzip"}, 200}, {"GET", []string{"If-None-Match", `"0"`}, 304},
	} {
		again := ask(r, c.method, "/a?b=c", append(c.headers, "X-Outside", "2")...)
		if again.Code != c.status || again.Header().Get("Link") != first.Header().Get("Link") {
			t.Errorf("%s %v: %d, %v", c.method, c.headers, again.Code, again.Header())
		}
		if again.Header().Get("X-Outside") != "2" {
			t.Errorf("%s %v: a header from outside of the handler was kept", c.method, c.headers)
		}
		plain := c.method == "GET" && c.headers == nil
		if plain && again.Body.String() != first.Body.String() {
			t.Errorf("the bodies differ")
		}
	}
	if reads := d.reads.Load(); reads != 1 {
		t.Errorf("%d reads, want 1", reads)
	}
	for _, other := range []string{"/a", "/a?b=d", "/b?b=c", "/a%3Fb=c", "/a?b=c&b=c"} {
		ask(r, "GET", other)
	}
	if reads := d.reads.Load(); reads != 6 {
		t.Errorf("%d reads of 6 addresses", reads)
	}
	for _, same := range []string{"/%61?b=c", "/a?%62=%63", "/a?&b=c&", "/a?"} {
		ask(r, "GET", same)
	}
	if reads := d.reads.Load(); reads != 6 {
		t.Errorf("%d reads of addresses that mean the same", reads)
	}
	d.version.Add(1)
	if body := ask(r, "GET", "/a?b=c").Body.String(); !strings.Contains(body, "at 1 ") {
		t.Errorf("after a commit the answer is %.40s", body)
	}
	want := `
# HELP gin_blog_kept_answers_total Requests for answers that may be kept: hit (sent again) or miss (asked of the store).
# TYPE gin_blog_kept_answers_total counter
gin_blog_kept_answers_total{result="hit"} 9
gin_blog_kept_answers_total{result="miss"} 7
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "gin_blog_kept_answers_total"); err != nil {
		t.Error(err)
	}
}

func TestKeeperKeepsNoFailure(t *testing.T) {
	d := new(data)
	var fail atomic.Bool
	r, _ := keeping(d, 0, func(c *gin.Context) error {
		if fail.Load() {
			return errors.New("failed")
		}
		return nil
	})
	fail.Store(true)
	if answer := ask(r, "GET", "/"); answer.Code != 500 {
		t.Errorf("a failure: %d", answer.Code)
	}
	fail.Store(false)
	if answer := ask(r, "GET", "/"); answer.Code != 200 {
		t.Errorf("after a failure: %d", answer.Code)
	}
	d.broken.Store(true)
	fail.Store(true)
	if answer := ask(r, "GET", "/"); answer.Code != 500 {
		t.Errorf("without a version: %d, want the handler's answer", answer.Code)
	}
}

// TestKeeperAsksOnce: many requests for one answer ask the store once, and one that fails does not make the others wait
// in a row.
func TestKeeperAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(data)
		var fail atomic.Bool
		proceed := make(chan struct{})
		r, _ := keeping(d, 0, func(*gin.Context) error {
			<-proceed
			if fail.Load() {
				return errors.New("failed")
			}
			return nil
		})
		crowd := func() (statuses map[int]int) {
			statuses = map[int]int{}
			var mu sync.Mutex
			var clients sync.WaitGroup
			for range 20 {
				clients.Go(func() {
					status := ask(r, "GET", "/").Code
					mu.Lock()
					defer mu.Unlock()
					statuses[status]++
				})
			}
			synctest.Wait()
			if reads := d.reads.Load(); reads != 1 {
				t.Errorf("%d requests ask the store at once, want 1", reads)
			}
			if fail.Load() {
				proceed <- struct{}{}
				synctest.Wait()
				if reads := d.reads.Load(); reads != 20 {
					t.Errorf("after a failure %d requests have asked the store, want 20", reads)
				}
			}
			close(proceed)
			clients.Wait()
			return statuses
		}
		if got := crowd(); got[200] != 20 || d.reads.Load() != 1 {
			t.Errorf("got %v after %d reads", got, d.reads.Load())
		}
		d.version.Add(1)
		d.reads.Store(0)
		proceed = make(chan struct{})
		fail.Store(true)
		if got := crowd(); got[500] != 20 {
			t.Errorf("got %v, want 20 failures", got)
		}
	})
}

// TestKeeperTakesVersionsInAnyOrder: an answer is only sent to requests that saw the version under which it was made,
// also if another request saw another version meanwhile, or if versions arrive out of order.
func TestKeeperTakesVersionsInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(data)
		proceed := make(chan struct{})
		r, _ := keeping(d, 0, func(c *gin.Context) error {
			if c.GetHeader("Wait") != "" {
				<-proceed
			}
			return nil
		})
		wants := func(path string, version int64, headers ...string) {
			got := ask(r, "GET", path, headers...).Body.String()
			if !strings.Contains(got, fmt.Sprintf("at %d ", version)) {
				t.Errorf("GET %s at the version %d: %s", path, version, got)
			}
		}
		d.version.Store(1)
		var slow sync.WaitGroup
		slow.Go(func() { wants("/a", 1, "Wait", "1") })
		synctest.Wait()
		d.version.Store(2)
		wants("/b", 2)
		d.version.Store(1) // what the slow request finds is old
		proceed <- struct{}{}
		slow.Wait()
		d.version.Store(2)
		wants("/a", 2)
		d.version.Store(1) // a slow reply of the store
		wants("/a", 1)
		wants("/b", 1)
		d.version.Store(2)
		wants("/a", 2)
		wants("/b", 2)
	})
}

// TestKeptAnswersThatAreSentAreBounded: slow clients hold a bounded number of kept answers, also of those that are no
// longer kept. Clients of the same answer hold it once.
func TestKeptAnswersThatAreSentAreBounded(t *testing.T) {
	d := new(data)
	r, _ := keeping(d, 1<<20, nothing)
	may := make(chan struct{})
	const clients = 60
	answers := make(chan int, 2*clients)
	var serving sync.WaitGroup
	read := func(path string) {
		serving.Go(func() {
			client := slowClient{httptest.NewRecorder(), may}
			r.ServeHTTP(client, httptest.NewRequest(http.MethodGet, path, nil))
			answers <- client.Code
		})
	}
	for i := range clients {
		path := fmt.Sprintf("/%d", i)
		ask(r, "GET", path) // now it is kept
		read(path)
		if i%10 == 9 {
			d.version.Add(1) // now it is not
		}
	}
	for i := range clients - 15 { // each has a little more than 1 MiB
		if code := <-answers; code != http.StatusInternalServerError {
			t.Fatalf("answer %d is %d", i, code)
		}
	}
	close(may)
	serving.Wait()

	may = make(chan struct{})
	ask(r, "GET", "/same")
	for range clients {
		read("/same")
	}
	close(may)
	serving.Wait()
	close(answers)
	served := 0
	for code := range answers {
		if code == http.StatusOK {
			served++
		}
	}
	if served != 15+clients {
		t.Errorf("%d answers were sent, want %d", served, 15+clients)
	}
}

// TestKeeperIsBounded counts the bytes of what it keeps, compressed forms too, and drops what was not used for longest.
func TestKeeperIsBounded(t *testing.T) {
	d := new(data)
	r, registry := keeping(d, 1<<20, nothing)
	kept := func() float64 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			if family.GetName() == "gin_blog_kept_answers_bytes" {
				return family.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatal("no metric")
		return 0
	}
	for i := range 200 {
		ask(r, "GET", fmt.Sprintf("/%d", i), "Accept-Encoding", "gzip")
		ask(r, "GET", "/0") // stays, since it is used
		if got := kept(); got > 32<<20 {
			t.Fatalf("%.0f bytes are kept", got)
		}
	}
	if got := kept(); got < 16<<20 {
		t.Errorf("only %.0f bytes are kept", got)
	}
	before := d.reads.Load()
	ask(r, "GET", "/0")
	if d.reads.Load() != before {
		t.Error("an answer that is used all the time was dropped")
	}
	ask(r, "GET", "/1")
	if d.reads.Load() == before {
		t.Error("an answer that was not used for long is kept")
	}
	d.version.Add(1)
	ask(r, "GET", "/0")
	if got := kept(); got > 2<<20 {
		t.Errorf("%.0f bytes are kept after a commit", got)
	}
}
