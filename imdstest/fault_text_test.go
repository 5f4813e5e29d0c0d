package imdstest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestAFaultIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, f := range []imdstest.Fault{
		imdstest.OK(), imdstest.EntraDown(), imdstest.Hang(), imdstest.Dropped(), imdstest.Refused(), imdstest.Closed(),
		imdstest.NotJSON(), imdstest.Truncated(), imdstest.Status(503), imdstest.Slow(90 * time.Second),
		imdstest.SlowBody(time.Millisecond), imdstest.Huge(3_000_000), imdstest.Redirect("http://a.test/x_(y)?a=b,c"),
		imdstest.Status(429).WithRetryAfter(1500 * time.Millisecond),
		imdstest.Hang().KeysOnly(), imdstest.Status(503).WithRetryAfter(time.Minute).DiscoveryOnly(),
		imdstest.Redirect("https://a.test/b.KeysOnly").KeysOnly(),
		imdstest.Error(400, "invalid_scope", ""), imdstest.Body(200, "text/plain", ""), imdstest.Body(204, "", ""),
	} {
		got, err := imdstest.ParseFault(f.String())
		require.NoError(t, err)
		require.Equal(t, f, got)
	}
}

func TestAFaultIsReadWhateverItsCase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]imdstest.Fault{
		"entradown":                         imdstest.EntraDown(),
		" HANG ":                            imdstest.Hang(),
		"status( 429 ).withretryafter(10s)": imdstest.Status(429).WithRetryAfter(10 * time.Second),
		"Error(400, invalid_scope, No, not (this))":         imdstest.Error(400, "invalid_scope", "No, not (this)"),
		`body(200, application/json, {"keys":[]}).keysonly`: imdstest.Body(200, "application/json", `{"keys":[]}`).KeysOnly(),
	} {
		got, err := imdstest.ParseFault(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestWhatIsNoFaultIsToldSo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "none of this name",
		"Outage":                         "none of this name",
		"Status":                         "no status",
		"Status(99)":                     "no status",
		"Status(600)":                    "no status",
		"Status(503":                     "not closed",
		"Status(503).Later":              "not closed",
		"Hang(1s)":                       "nothing in parentheses",
		"Slow(1)":                        "no time",
		"Slow(-1s)":                      "no time",
		"SlowBody()":                     "no time",
		"Huge(-1)":                       "no number",
		"Redirect()":                     "no URL",
		"Redirect(http://[)":             "no URL",
		"Error(x, y)":                    "no status",
		"Body(1, text/plain, x)":         "no status",
		"Status(503).WithRetryAfter(x)":  "no time",
		"Status(503).WithRetryAfter(-1s": "not closed",
	} {
		_, err := imdstest.ParseFault(text)
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "write OK, EntraDown", text)
	}
}
