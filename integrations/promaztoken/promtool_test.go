package promaztoken_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// promtool returns the path of Prometheus' own tool, which judges rules. Where there is none a test
// skips, or fails if AZTOKEN_REQUIRE says that there must be one.
func promtool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("AZTOKEN_REQUIRE"), ","), "promtool") {
		t.Fatal("AZTOKEN_REQUIRE has promtool, but:", err)
	}
	t.Skip("rules are judged by promtool, of Debian's package prometheus:", err)
	return ""
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// record is what Prometheus has of a page that it scrapes every minute, and what its alerts must have
// been, in the form of promtool's tests of rules.
type record struct {
	registry *prometheus.Registry
	start    time.Time
	length   int                 // in minutes
	series   map[string][]string // a value a minute
	expected []expectation
}

type expectation struct {
	Expr    string           `json:"expr"`
	Time    string           `json:"eval_time"`
	Samples []map[string]any `json:"exp_samples"`
}

func newRecord(registry *prometheus.Registry) *record {
	return &record{registry: registry, start: time.Now(), series: map[string][]string{}}
}

// scrape records the page at this minute.
func (r *record) scrape(t *testing.T) {
	t.Helper()
	families, err := r.registry.Gather()
	require.NoError(t, err)
	for series, value := range flatten(t, families) {
		if strings.Contains(series, "_timestamp_seconds") {
			value -= seconds(r.start) // the clock of promtool begins at 0
		}
		r.append(series, value)
	}
	r.length++
	for series, values := range r.series {
		if len(values) < r.length {
			r.series[series] = append(values, "stale")
		}
	}
}

func (r *record) append(series string, value float64) {
	values := r.series[series]
	for len(values) < r.length {
		values = append(values, "_")
	}
	r.series[series] = append(values, strconv.FormatFloat(value, 'f', -1, 64))
}

// expect notes how many alerts of a name, "" for all names, must fire in a minute.
func (r *record) expect(t *testing.T, alert string, minute, firing int) {
	t.Helper()
	require.Less(t, minute, r.length)
	name := ""
	if alert != "" {
		name = fmt.Sprintf(",alertname=%q", alert)
	}
	r.expected = append(r.expected, expectation{
		Expr: fmt.Sprintf(`count(ALERTS{alertstate="firing"%s}) or vector(0)`, name), Time: fmt.Sprintf("%dm", minute),
		Samples: []map[string]any{{"value": firing}},
	})
}

// expectNever notes that no alert may ever have fired.
func (r *record) expectNever(t *testing.T) {
	t.Helper()
	require.Positive(t, r.length)
	r.expected = append(r.expected, expectation{
		Expr: fmt.Sprintf(`count(count_over_time(ALERTS{alertstate="firing"}[%dm]))`, r.length), Time: fmt.Sprintf("%dm", r.length-1),
	})
}

// judge has promtool go through the record with the rules.
func (r *record) judge(t *testing.T, tool string) {
	t.Helper()
	rules, err := filepath.Abs("alerts.yaml")
	require.NoError(t, err)
	var series []map[string]string
	for name, values := range r.series {
		series = append(series, map[string]string{"series": name, "values": strings.Join(values, " ")})
	}
	text, err := json.Marshal(map[string]any{
		"rule_files": []string{rules}, "evaluation_interval": "1m",
		"tests": []map[string]any{{"interval": "1m", "input_series": series, "promql_expr_test": r.expected}},
	})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "test.yaml") // YAML has JSON
	require.NoError(t, os.WriteFile(file, text, 0o600))
	run(t, tool, "test", "rules", file)
}
