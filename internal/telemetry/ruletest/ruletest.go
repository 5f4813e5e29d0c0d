// Package ruletest tests alert rules and queries with Prometheus' promtool: it records the metrics
// that a program shows every minute, and runs the rules on the record.
package ruletest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// Promtool returns the path of Prometheus' own tool. Without it a test skips, or fails if
// AZTOKEN_REQUIRE requires it.
func Promtool(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		testservice.Missing(tb, "promtool", "rules are judged by promtool, of Debian's package prometheus: "+err.Error())
	}
	return path
}

// Check runs promtool's check of files of rules.
func Check(tb testing.TB, files ...string) {
	tb.Helper()
	run(tb, append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, files...)...)
}

func run(tb testing.TB, args ...string) {
	tb.Helper()
	if out, err := exec.Command(Promtool(tb), args...).CombinedOutput(); err != nil {
		tb.Fatalf("promtool: %v\n%s", err, out)
	}
}

// Samples returns the samples of a page in the text format of Prometheus, under their names with
// labels.
func Samples(tb testing.TB, page string) map[string]float64 {
	tb.Helper()
	all := make(map[string]float64)
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		end := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if err != nil {
			tb.Fatalf("%v in the line %q", err, line)
		}
		if _, twice := all[line[:end]]; twice {
			tb.Fatalf("the page has two samples of %s", line[:end])
		}
		all[line[:end]] = value
	}
	return all
}

// Record is what Prometheus gets from a page that it reads every minute, and the expected results.
type Record struct {
	// Start is the time of the first minute.
	Start time.Time

	minutes  int
	series   map[string][]string // a value a minute
	expected []expectation
}

// expectation is one of promtool's tests of an expression.
type expectation struct {
	Expr    string           `json:"expr"`
	Time    string           `json:"eval_time"`
	Samples []map[string]any `json:"exp_samples"`
	minute  int
}

// NewRecord returns a Record that begins now.
func NewRecord() *Record { return &Record{Start: time.Now(), series: make(map[string][]string)} }

// Add records the page of the next minute. Timestamps in it are counted from Start on, as the clock
// of promtool begins at 0.
func (r *Record) Add(tb testing.TB, page string) {
	tb.Helper()
	for series, value := range Samples(tb, page) {
		if strings.Contains(series, "_timestamp_seconds") {
			value -= float64(r.Start.UnixMilli()) / 1000
		}
		values := r.series[series]
		for len(values) < r.minutes {
			values = append(values, "_")
		}
		r.series[series] = append(values, strconv.FormatFloat(value, 'f', -1, 64))
	}
	r.minutes++
	for series, values := range r.series {
		if len(values) < r.minutes {
			r.series[series] = append(values, "stale")
		}
	}
}

// AwaitMinute returns when the minute after the last recorded one begins, however long recording
// took.
func (r *Record) AwaitMinute() {
	time.Sleep(time.Until(r.Start.Add(time.Duration(r.minutes) * time.Minute)))
}

// Firing notes how many alerts of a name, "" for all names, must fire in a minute.
func (r *Record) Firing(alert string, minute, count int) {
	name := ""
	if alert != "" {
		name = fmt.Sprintf(",alertname=%q", alert)
	}
	r.expect(fmt.Sprintf(`count(ALERTS{alertstate="firing"%s}) or vector(0)`, name), minute, count)
}

// Never notes that no alert may ever fire.
func (r *Record) Never() {
	r.expect(fmt.Sprintf(`count(count_over_time(ALERTS{alertstate="firing"}[%dm])) or vector(0)`, r.minutes), r.minutes-1, 0)
}

// everything fills in the variables of a dashboard so that its queries select all series.
var everything = strings.NewReplacer("$__rate_interval", "5m", "$job", ".*", "$instance", ".*", "$identity", ".*")

// Answered notes that a query of a dashboard must have an answer in the last minute.
func (r *Record) Answered(query string) {
	r.expect(fmt.Sprintf("count(%s) > bool 0", everything.Replace(query)), r.minutes-1, 1)
}

func (r *Record) expect(expr string, minute, value int) {
	r.expected = append(r.expected, expectation{expr, fmt.Sprintf("%dm", minute), []map[string]any{{"value": value}}, minute})
}

// Judge runs promtool with the rules of a file on the record.
func (r *Record) Judge(tb testing.TB, rules string) {
	tb.Helper()
	if len(r.series) == 0 || len(r.expected) == 0 {
		tb.Fatal("there is nothing to judge")
	}
	for _, e := range r.expected {
		if e.minute < 0 || e.minute >= r.minutes {
			tb.Fatalf("the record has %d minutes, and no %d", r.minutes, e.minute)
		}
	}
	rules, err := filepath.Abs(rules)
	if err != nil {
		tb.Fatal(err)
	}
	var series []map[string]string
	for name, values := range r.series {
		series = append(series, map[string]string{"series": name, "values": strings.Join(values, " ")})
	}
	text, err := json.Marshal(map[string]any{ // JSON is YAML too
		"rule_files": []string{rules}, "evaluation_interval": "1m",
		"tests": []map[string]any{{"interval": "1m", "input_series": series, "promql_expr_test": r.expected}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "test.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	run(tb, "test", "rules", file)
}
