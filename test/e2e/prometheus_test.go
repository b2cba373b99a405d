package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/goccy/go-yaml"

	"gin-blog/internal/testkit"
)

// TestQueriesReturnData runs Prometheus and the node exporter beside two servers that have seen all sorts of requests
// and failures. Every query of the dashboards returns data, and so does every condition of the alerts.
func TestQueriesReturnData(t *testing.T) {
	testkit.OnlyInAll(t)
	t.Parallel()
	prometheus, exporter := program(t, "prometheus"), program(t, "prometheus-node-exporter")
	database := testkit.NewMongoProxy(t)
	database.Listen()
	const metrics = "METRICS_ADDR=127.0.0.1:0"
	// On two processors, one hashes passwords, for about a second each.
	onSQLite := start(t, t.TempDir(), metrics, "BCRYPT_COST=14")
	onMongoDB := start(t, t.TempDir(), append(behind(t, database), metrics)...)
	node := testkit.FreeAddress(t)
	run(t, nil, exporter, "--web.listen-address="+node)
	server := startPrometheus(t, prometheus, map[string]string{
		"api": onSQLite.metricsAddress(), "api-1": onMongoDB.metricsAddress(), "node-exporter": node,
	})
	eventually(t, 20*time.Second, "Prometheus has asked everybody once", func() bool {
		return server.results("up == 1") == 4
	})

	// A rate needs two samples: the first traffic makes the series, the second lets them grow.
	empty := wanted(t)
	for range 2 {
		makeTraffic(t, onSQLite, onMongoDB, database)
		scrapes := server.scrapes()
		eventually(t, 20*time.Second, "two scrapes more", func() bool { return server.scrapes() >= scrapes+2 })
	}
	deadline := time.Now().Add(20 * time.Second)
	for len(empty) > 0 && time.Now().Before(deadline) {
		for where, query := range empty {
			if server.results(query) > 0 {
				delete(empty, where)
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
	for where, query := range empty {
		t.Errorf("%s shows nothing: %s", where, query)
	}
}

// makeTraffic makes the servers answer with every outcome that the alerts and the dashboards tell apart.
func makeTraffic(t *testing.T, onSQLite, onMongoDB *process, database *testkit.MongoProxy) {
	t.Helper()
	for range 3 {
		onSQLite.try("GET", "/posts", "", "")
		onMongoDB.try("GET", "/posts", "", "")
		onMongoDB.try("GET", "/posts/not-an-id", "", "")
	}
	onSQLite.try("POST", "/auth/register", "", testkit.Account("alice"))
	var logins sync.WaitGroup
	for range 8 { // more than can be hashed in 2 s
		logins.Go(func() { onSQLite.try("POST", "/auth/login", "", testkit.Account("alice")) })
	}
	logins.Wait()
	database.Cut()
	onMongoDB.try("GET", "/posts", "", "")
	onMongoDB.try("GET", "/readyz", "", "")
	database.Listen()
	eventually(t, 10*time.Second, "the database is back", func() bool { return onMongoDB.readyz() == 200 })
}

// wanted returns the queries that must return data, by alert or panel. Of an alert, these are the sides of each
// comparison and the arguments of absent, because an alert itself returns nothing as long as all is well.
func wanted(t *testing.T) map[string]string {
	t.Helper()
	wanted := map[string]string{}
	// A subquery looks at whole minutes, and the test may not last until one begins.
	shorter := strings.NewReplacer("$__rate_interval", "30s", "$instance", ".*", ":1m]", ":1s]")
	for where, query := range queries(t) {
		query = shorter.Replace(query)
		if !strings.HasPrefix(where, "alert ") {
			wanted[where] = query
			continue
		}
		expr, err := metricsql.Parse(query)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		for i, part := range conditions(expr) {
			wanted[fmt.Sprintf("%s, part %d", where, i+1)] = string(part.AppendString(nil))
		}
	}
	return wanted
}

// conditions splits a query where it compares.
func conditions(expr metricsql.Expr) []metricsql.Expr {
	switch e := expr.(type) {
	case *metricsql.BinaryOpExpr:
		switch e.Op {
		case "and", "or", "<", ">", "<=", ">=":
			return append(conditions(e.Left), conditions(e.Right)...)
		}
	case *metricsql.FuncExpr:
		if e.Name == "absent" {
			return conditions(e.Args[0])
		}
	case *metricsql.NumberExpr:
		return nil
	}
	return []metricsql.Expr{expr}
}

// prometheusServer is a Prometheus that runs until the test ends.
type prometheusServer struct {
	t   *testing.T
	url string
}

// startPrometheus runs Prometheus with the configuration of the stack, except that it asks every second, and asks
// these addresses in the place of the names.
func startPrometheus(t *testing.T, path string, addresses map[string]string) *prometheusServer {
	t.Helper()
	var config map[string]any
	if err := yaml.Unmarshal(read(t, "../../deploy/prometheus/prometheus.yml"), &config); err != nil {
		t.Fatal(err)
	}
	alerts, err := filepath.Abs("../../deploy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	address, dir := testkit.FreeAddress(t), t.TempDir()
	config["rule_files"] = []string{alerts}
	config["global"] = map[string]any{"scrape_interval": "1s", "evaluation_interval": "1s"}
	for _, job := range config["scrape_configs"].([]any) {
		job := job.(map[string]any)
		var targets []any
		switch job["job_name"] {
		case "api":
			delete(job, "dns_sd_configs")
			for _, name := range []string{"api", "api-1"} {
				// The rule of the configuration makes the instance of this label.
				labels := map[string]any{"__meta_dns_name": name}
				targets = append(targets, map[string]any{"targets": []string{addresses[name]}, "labels": labels})
			}
		case "node":
			targets = append(targets, map[string]any{"targets": []string{addresses["node-exporter"]}})
		case "prometheus":
			targets = append(targets, map[string]any{"targets": []string{address}})
		}
		job["static_configs"] = targets
	}
	content, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, nil, path, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address)
	return &prometheusServer{t, "http://" + address}
}

// results returns how many series a query returns, or 0 as long as Prometheus does not answer.
func (s *prometheusServer) results(query string) int { return len(s.query(query)) }

// scrapes returns how often Prometheus has asked the program.
func (s *prometheusServer) scrapes() int {
	var least int
	for i, count := range s.query(`count_over_time(up{job="api"}[1h])`) {
		if i == 0 || count < least {
			least = count
		}
	}
	return least
}

// query returns the value of each series that a query returns, as whole numbers.
func (s *prometheusServer) query(query string) (values []int) {
	s.t.Helper()
	path := "/api/v1/query?query=" + url.QueryEscape(query)
	request, err := testkit.NewRequest(s.t.Context(), http.MethodGet, s.url+path, "")
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := testkit.Do(request)
	if err != nil || answer.Status == http.StatusServiceUnavailable {
		return nil // It starts.
	}
	var found struct {
		Error string
		Data  struct{ Result []struct{ Value [2]any } }
	}
	if err := json.Unmarshal([]byte(answer.Body), &found); err != nil || found.Error != "" {
		s.t.Fatalf("%s: %v, %s", query, err, answer.Body)
	}
	for _, series := range found.Data.Result {
		var value float64
		_, _ = fmt.Sscan(fmt.Sprint(series.Value[1]), &value)
		values = append(values, int(value))
	}
	return values
}

// program returns the path of a program that scripts/debian-packages installs.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		testkit.Skip(t, name+" is not here")
	}
	return path
}

// run runs a program with more variables in its environment until the test ends. If the test fails, it shows what the
// program wrote.
func run(t *testing.T, environ []string, path string, args ...string) {
	t.Helper()
	var log strings.Builder
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), environ...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
}
