package main_test

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
)

// TestQueriesNameMetricsThatExist holds the alerts and the dashboards against what the program serves: Prometheus takes a
// query for a metric or a label that does not exist, and shows nothing.
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

// metrics are the labels of each metric.
type metrics map[string][]string

// servedMetrics are those of a process that has done a little of everything.
func servedMetrics(t *testing.T) metrics {
	t.Helper()
	p := start(t, t.TempDir(), "METRICS_ADDR=127.0.0.1:0")
	p.call("POST", "/auth/register", "", `{"username":"alice","password":"pass123"}`, 201, &struct{}{})
	_, text := fetch(t, p.metricsURL()+"/metrics")
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
		served[name+"_count"], served[name+"_sum"], served[name+"_bucket"] = labels, labels, append(slices.Clip(labels), "le")
	}
	return served
}

// check fails the test where a selector names a metric that is not there, or one that lacks a label. What other programs
// than the API serve is known by its prefix. It returns the metric's name.
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

// wholeName is the metric that a series belongs to, which for a histogram has three kinds of them.
func wholeName(series string) string {
	return regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(series, "")
}

// queries are all of the alerts and of the dashboards, by where they stand.
func queries(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}

	var alerts struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(read(t, "deploy/prometheus/alerts.yml"), &alerts); err != nil {
		t.Fatal(err)
	}
	for _, group := range alerts.Groups {
		for _, rule := range group.Rules {
			found["alert "+rule.Alert] = rule.Expr
		}
	}

	paths, err := filepath.Glob("deploy/grafana/dashboards/*.json")
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
		checkSource := func(who string, s source) {
			if s.UID != "prometheus" {
				t.Errorf("%s: %s asks %q, not the source that is provisioned", path, who, s.UID)
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
				t.Errorf("%s: %s asks nothing", path, panel.Title)
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
