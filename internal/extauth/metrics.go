package extauth

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/seed-ac726066/aztoken/internal/telemetry"
	"github.com/seed-ac726066/aztoken/verify"
)

// result is what became of a check, as metrics count it.
type result uint8

const (
	// badRequest is the zero value, so that an undecided check is refused. 403: the question cannot
	// be understood, or can be understood in two ways.
	badRequest  result = iota
	allowed            // the token is good, and meets the rules
	open               // no token was looked at
	noToken            // 401
	badToken           // 401
	forbidden          // 403: the caller does not meet the rules
	noRule             // 403
	unavailable        // 503
	results
)

func (r result) String() string {
	return [results]string{"bad_request", "allowed", "open", "no_token", "bad_token", "forbidden", "no_rule", "unavailable"}[r]
}

// noRuleName is the label of a check without a matching rule.
const noRuleName = "none"

// counts are the counters of the checks of one rule.
type counts [results]*metrics.Counter

// meters are the metrics of a guard. Their labels come from closed sets: rules of the configuration
// and constants.
type meters struct {
	set      *metrics.Set
	none     counts
	duration *metrics.PrometheusHistogram
}

// durations range from a cached token to the ten seconds that a check waits for keys.
var durations = []float64{.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func newMeters(set *metrics.Set, status func() verify.Status) *meters {
	m := &meters{set: set, duration: set.NewPrometheusHistogramExt("aztoken_guard_check_duration_seconds", durations)}
	m.none = m.counts(noRuleName, noRule, badRequest)
	set.RegisterMetricsWriter(func(w io.Writer) { writeKeys(w, status()) })
	return m
}

// counts returns the counters of the results that a rule can have. Rules of the same host and path
// share them.
func (m *meters) counts(rule string, possible ...result) (all counts) {
	// %q would use escapes that Prometheus does not have.
	label := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(rule)
	for _, r := range possible {
		all[r] = m.set.GetOrCreateCounter(fmt.Sprintf("aztoken_guard_checks_total{rule=\"%s\",result=\"%s\"}", label, r))
	}
	return all
}

// writeKeys writes the state of the keys as timestamps, since ages go stale between scrapes. Of
// several tenants it writes the one that is worst off.
func writeKeys(w io.Writer, s verify.Status) {
	k := telemetry.KeysOf(s)
	if k == nil {
		return
	}
	metrics.WriteGaugeUint64(w, "aztoken_keys", uint64(max(0, k.Count)))
	failing := uint64(0)
	if k.IsFailing {
		failing = 1
	}
	metrics.WriteGaugeUint64(w, "aztoken_keys_fetch_failing", failing)
	if k.Count > 0 {
		metrics.WriteGaugeUint64(w, "aztoken_keys_fetched_timestamp_seconds", unix(k.Fetched))
		metrics.WriteGaugeUint64(w, "aztoken_keys_expiry_timestamp_seconds", unix(k.Expiry))
	}
}

func unix(t time.Time) uint64 { return uint64(max(0, t.Unix())) }

// checked counts a check.
func (m *meters) checked(o outcome, took time.Duration) {
	all := &m.none
	if o.rule != nil {
		all = &o.rule.counts
	}
	all[o.result].Inc()
	m.duration.Update(took.Seconds())
}
