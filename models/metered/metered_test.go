package metered_test

import (
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/metered"
	"gin-blog/models/storetest"
)

// TestEveryOperation runs the suite of the stores on a store that is measured, and wants every operation counted.
func TestEveryOperation(t *testing.T) {
	var mu sync.Mutex
	var registries []*prometheus.Registry
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) models.Store {
			registry := prometheus.NewRegistry()
			mu.Lock()
			defer mu.Unlock()
			registries = append(registries, registry)
			return metered.New(testkit.SQLite(t), "sqlite", registry)
		})
	})
	seen := map[string]uint64{}
	outcomes := map[string]bool{}
	for _, registry := range registries {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
			t.Errorf("the names: %v, %v", problems, err)
		}
		for _, family := range families {
			for _, series := range family.GetMetric() {
				labels := map[string]string{}
				for _, label := range series.GetLabel() {
					labels[label.GetName()] = label.GetValue()
				}
				if labels["store"] != "sqlite" {
					t.Errorf("%s has the labels %v", family.GetName(), labels)
				}
				if family.GetName() == "gin_blog_store_operation_duration_seconds" {
					seen[labels["operation"]] += series.GetHistogram().GetSampleCount()
					outcomes[labels["outcome"]] = true
				}
			}
		}
	}
	for method := range reflect.TypeFor[models.Store]().Methods() {
		if !slices.Contains([]string{"Close", "Pool"}, method.Name) && seen[method.Name] == 0 {
			t.Errorf("%s is not measured", method.Name)
		}
	}
	if !outcomes["ok"] || !outcomes["error"] {
		t.Errorf("only the outcomes %v", outcomes)
	}
}
