package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/goccy/go-yaml"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"gin-blog/internal/testkit"
)

// TestQueriesNameMetricsThatExist compares the queries of the alerts and of the dashboards with the metrics that the
// program serves. Prometheus accepts a query for a metric or a label that does not exist, and shows nothing.
func TestQueriesNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	served := servedMetrics(t)
	watched := map[string]bool{}
	for where, query := range queries(t) {
		expr, err := metricsql.Parse(strings.ReplaceAll(query, "$__rate_interval", "1m"))
		if err != nil {
			t.Errorf("%s: %v in %s", where, err, query)
			continue
		}
		metricsql.VisitAll(expr, func(e metricsql.Expr) {
			switch e := e.(type) {
			case *metricsql.MetricExpr:
				for _, filters := range e.LabelFilterss {
					labels := make([]string, len(filters))
					for i, filter := range filters {
						labels[i] = filter.Label
					}
					watched[wholeName(served.check(t, where, e, labels))] = true
				}
			case *metricsql.AggrFuncExpr:
				if e.Modifier.Op != "by" {
					return
				}
				metricsql.VisitAll(e, func(inner metricsql.Expr) {
					if inner, ok := inner.(*metricsql.MetricExpr); ok {
						served.check(t, where, inner, e.Modifier.Args)
					}
				})
			}
		})
	}
	for name := range served {
		if strings.HasPrefix(name, "gin_blog_") && !watched[wholeName(name)] {
			t.Errorf("no alert and no panel shows %s", name)
		}
	}
}

// metrics maps the name of each series to its labels.
type metrics map[string][]string

// servedMetrics returns the metrics of a server that has answered a request.
func servedMetrics(t *testing.T) metrics {
	t.Helper()
	p := start(t, t.TempDir(), "METRICS_ADDR=127.0.0.1:0")
	p.call("POST", "/auth/register", "", testkit.Account("alice"), 201, nil)
	_, text := p.readMetrics("/metrics")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	served := metrics{}
	for name, family := range families {
		// These come from Prometheus itself.
		labels := []string{"__name__", "job", "instance"}
		for _, pair := range family.Metric[0].Label {
			labels = append(labels, pair.GetName())
		}
		if family.GetType() != dto.MetricType_HISTOGRAM {
			served[name] = labels
			continue
		}
		served[name+"_count"], served[name+"_sum"] = labels, labels
		served[name+"_bucket"] = append(slices.Clip(labels), "le")
	}
	return served
}

// check fails the test if a selector names a metric that is not served, or a label that the metric lacks. It knows the
// metrics of other programs by their prefixes. It returns the metric's name.
func (m metrics) check(t *testing.T, where string, selector *metricsql.MetricExpr, labels []string) string {
	t.Helper()
	name := selector.LabelFilterss[0][0].Value
	known, ok := m[name]
	if !ok {
		if !regexp.MustCompile(`^(up|ALERTS|(node|prometheus)_.+)$`).MatchString(name) {
			t.Errorf("%s: no metric %s", where, name)
		}
		return name
	}
	for _, label := range labels {
		if !slices.Contains(known, label) {
			t.Errorf("%s: %s has no label %s", where, name, label)
		}
	}
	return name
}

// wholeName returns the metric that a series belongs to: a histogram has three series.
func wholeName(series string) string {
	return regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(series, "")
}

// queries returns the queries of the alerts and of the dashboards, by the name of the alert or panel.
func queries(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}

	var alerts struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(read(t, "../../deploy/prometheus/alerts.yml"), &alerts); err != nil {
		t.Fatal(err)
	}
	for _, group := range alerts.Groups {
		for _, rule := range group.Rules {
			found["alert "+rule.Alert] = rule.Expr
		}
	}

	paths, err := filepath.Glob("../../deploy/grafana/dashboards/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("dashboards: %v, %v", paths, err)
	}
	for _, path := range paths {
		type source struct{ UID string }
		var dashboard struct {
			Templating struct {
				List []struct{ Datasource source }
			}
			Panels []struct {
				Title, Type string
				Datasource  source
				Targets     []struct {
					RefID, Expr string
					Datasource  source
				}
			}
		}
		if err := json.Unmarshal(read(t, path), &dashboard); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		checkSource := func(panel string, s source) {
			if s.UID != "prometheus" {
				t.Errorf("%s: %s uses the source %q, not the one that is provisioned", path, panel, s.UID)
			}
		}
		for _, variable := range dashboard.Templating.List {
			checkSource("a variable", variable.Datasource)
		}
		for _, panel := range dashboard.Panels {
			if panel.Type == "row" {
				continue
			}
			checkSource(panel.Title, panel.Datasource)
			if len(panel.Targets) == 0 {
				t.Errorf("%s: %s has no query", path, panel.Title)
			}
			for _, target := range panel.Targets {
				checkSource(panel.Title, target.Datasource)
				found["panel "+panel.Title+" "+target.RefID] = target.Expr
			}
		}
	}
	if len(found) < 20 {
		t.Fatalf("only %d queries found", len(found))
	}
	return found
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
