package fault_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
)

func TestParseReadsWhatStringWrites(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{
		fault.OK(), fault.EntraDown(), fault.Hang(), fault.Dropped(), fault.Refused(), fault.Closed(),
		fault.NotJSON(), fault.Truncated(), fault.Status(503), fault.Slow(90 * time.Second),
		fault.SlowBody(time.Millisecond), fault.Huge(3_000_000), fault.Redirect("http://a.test/x_(y)?a=b,c"),
		fault.Status(429).WithRetryAfter(1500 * time.Millisecond),
		fault.Hang().KeysOnly(), fault.Status(503).WithRetryAfter(time.Minute).DiscoveryOnly(),
		fault.Redirect("https://a.test/b.KeysOnly").KeysOnly(),
		fault.Error(400, "invalid_scope", ""), fault.Body(200, "text/plain", ""), fault.Body(204, "", ""),
		fault.EC2(), fault.GCE(), fault.NoDefaultIdentity(), fault.EntraRefuses(501051, ""),
		fault.NotBound(), fault.Status(500).ExchangeOnly(), fault.Hang().EndpointOnly(),
	} {
		got, err := fault.Parse(f.String())
		require.NoError(t, err)
		require.Equal(t, f, got)
	}
}

func TestParseTakesNamesInAnyCase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]fault.Fault{
		"entradown":                                         fault.EntraDown(),
		" HANG ":                                            fault.Hang(),
		"status( 429 ).withretryafter(10s)":                 fault.Status(429).WithRetryAfter(10 * time.Second),
		"entrarefuses(501051, No role (yet))":               fault.EntraRefuses(501051, "No role (yet)"),
		"Error(400, invalid_scope, No, not (this))":         fault.Error(400, "invalid_scope", "No, not (this)"),
		`body(200, application/json, {"keys":[]}).keysonly`: fault.Body(200, "application/json", `{"keys":[]}`).KeysOnly(),
	} {
		got, err := fault.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestParseSaysHowFaultsAreWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "none of this name",
		"Outage":                         "none of this name",
		"Status":                         "is not a status",
		"Status(99)":                     "is not a status",
		"Status(600)":                    "is not a status",
		"Status(503":                     "not closed",
		"Status(503).Later":              "not closed",
		"Hang(1s)":                       "nothing in parentheses",
		"Slow(1)":                        "is not a time",
		"Slow(-1s)":                      "is not a time",
		"SlowBody()":                     "is not a time",
		"Huge(-1)":                       "is not a number",
		"Redirect()":                     "is not a URL",
		"Redirect(http://[)":             "is not a URL",
		"Error(x, y)":                    "is not a status",
		"Body(1, text/plain, x)":         "is not a status",
		"Status(503).WithRetryAfter(x)":  "is not a time",
		"EntraRefuses(x)":                "is not a number",
		"Status(503).WithRetryAfter(-1s": "not closed",
	} {
		_, err := fault.Parse(text)
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "write OK, EntraDown", text)
	}
}
