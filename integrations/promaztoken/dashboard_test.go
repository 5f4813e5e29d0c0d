package promaztoken_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/promaztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry/ruletest"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
	"github.com/seed-ac726066/aztoken/tokenstore"
	"github.com/seed-ac726066/aztoken/verify"
)

// dashboard is the part of dashboard.json that the test reads.
type dashboard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []struct {
			Name  string          `json:"name"`
			Query json.RawMessage `json:"query"`
		} `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`
	Title   string `json:"title"`
	About   string `json:"description"`
	GridPos struct{ X, Y, W, H int }
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

func readDashboard(t *testing.T) (d dashboard, text string) {
	t.Helper()
	raw, err := os.ReadFile("dashboard.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &d))
	return d, string(raw)
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	d, _ := readDashboard(t)
	require.NotEmpty(t, d.UID)
	require.NotEmpty(t, d.Title)
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		require.False(t, ids[p.ID], p.Title)
		ids[p.ID] = true
		require.Equal(t, p.Type != "row", p.About != "" && len(p.Targets) > 0, p.Title)
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				require.Empty(t, taken[at], p.Title)
				taken[at] = p.Title
			}
		}
	}
}

// Each query of the dashboard returns data for a program in which every metric has a value.
func TestQueriesOfTheDashboard(t *testing.T) {
	t.Parallel()
	d, text := readDashboard(t)
	requireKnown(t, text)
	ruletest.Promtool(t)
	synctest.Test(t, func(t *testing.T) {
		metrics, registry := registered(t, nil)
		imds := imdstest.New(nil)
		store, err := tokenstore.New(&telemetrytest.EmptyStore{}, make([]byte, tokenstore.KeySize))
		require.NoError(t, err)
		c := telemetrytest.Over(t, imds, metrics, aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID), Store: store, Refresh: aztoken.MaxAge(time.Hour)})
		v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, OnEvent: metrics.OnVerifyEvent})
		metrics.WatchVerifier(v)
		require.NoError(t, v.Warm(t.Context()))
		seen := ruletest.NewRecord()
		for minute := range 3 * 60 {
			if minute == 60 {
				imds.BreakFor(time.Hour, imdstest.Status(503))
			}
			_, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			_, err = v.Verify(t.Context(), "garbage")
			require.Error(t, err)
			synctest.Wait()
			seen.Add(t, scrape(t, registry))
			time.Sleep(time.Minute)
		}
		queries := 0
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				queries++
				seen.Answered(target.Expr)
			}
		}
		require.Greater(t, queries, 12)
		seen.Judge(t, "alerts.yaml")
	})
}

func TestMetricsOfTheRules(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("alerts.yaml")
	require.NoError(t, err)
	requireKnown(t, string(text))
}

var (
	metricName = regexp.MustCompile(`\baztoken_[a-z_]+\b`)
	ofOthers   = regexp.MustCompile(`\baztoken_(identity|resource|tenant|cae|event|result)\b`) // labels of otelaztoken
)

// requireKnown requires that all metrics named in text are metrics of a Metrics.
func requireKnown(t *testing.T, text string) {
	t.Helper()
	known := known()
	named := map[string]bool{}
	for _, name := range metricName.FindAllString(ofOthers.ReplaceAllString(text, ""), -1) {
		named[strings.TrimSuffix(name, "_bucket")] = true
	}
	require.NotEmpty(t, named)
	for name := range named {
		require.True(t, known[name], name)
	}
}

// known returns the names of all metrics of a Metrics.
func known() map[string]bool {
	all := map[string]bool{}
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		promaztoken.New(nil).Describe(descs)
	}()
	for d := range descs {
		all[regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())[1]] = true
	}
	return all
}
