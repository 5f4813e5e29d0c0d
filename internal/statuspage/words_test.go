package statuspage

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                                   "0 s",
		999 * time.Millisecond:              "0 s",
		time.Second:                         "1 s",
		59*time.Second + 1:                  "59 s",
		time.Minute:                         "1 min",
		9*time.Minute + 59*time.Second:      "9 min",
		time.Hour:                           "1 h",
		time.Hour + 59*time.Second:          "1 h",
		11*time.Hour + 42*time.Minute:       "11 h 42 min",
		24*time.Hour - time.Second:          "23 h 59 min",
		71*time.Hour + 59*time.Minute:       "71 h 59 min",
		72 * time.Hour:                      "3 d",
		72*time.Hour + 59*time.Minute:       "3 d",
		100*24*time.Hour + 5*time.Hour:      "100 d 5 h",
		time.Duration(1<<63 - 1):            "106751 d 23 h",
		24*time.Hour + 999*time.Millisecond: "24 h",
	} {
		require.Equal(t, want, strings.ReplaceAll(span(d), noBreak, " "))
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 14, 21, 7, 0, time.UTC)
	for d, want := range map[time.Duration][2]string{
		0:                       {"14:21 UTC", "just now"},
		time.Millisecond:        {"14:21 UTC", "just now"},
		-time.Second + 1:        {"14:21 UTC", "just now"},
		-time.Second:            {"14:21 UTC", "1 s ago"},
		2 * time.Second:         {"14:21 UTC", "in 2 s"},
		9*time.Hour + time.Hour: {"27 Nov 00:21 UTC", "in 10 h"},
		-15 * time.Hour:         {"25 Nov 23:21 UTC", "15 h ago"},
		40 * 24 * time.Hour:     {"5 Jan 2027 14:21 UTC", "in 40 d"},
		365 * 24 * time.Hour:    {"26 Nov 2027 14:21 UTC", "in 365 d"},
	} {
		at := now.Add(d)
		require.Equal(t, want[0], strings.ReplaceAll(clock(at.In(time.FixedZone("", 3600)), now), noBreak, " "))
		require.Equal(t, want[1], strings.ReplaceAll(since(at, now), noBreak, " "))
	}
}

func TestVisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "",
		"https://vault.azure.net":       "https://vault.azure.net",
		"api://مثال/דוגמה/日本":           "api://مثال/דוגמה/日本",
		" two\r\nlines\tand\u2028more ": "two  lines and more",
		"a\x00\x1b[31m\x7f\u0085\u009b": `a\u0000\u001b[31m\u007f \u009b`,
		"\u202eright\u2066\u200f":       `\u202eright\u2066\u200f`,
		"\u200bnothing\ufeff":           `\u200bnothing\ufeff`,
		"\xff\xfe":                      "\ufffd\ufffd",
		strings.Repeat("x", 30):         strings.Repeat("x", 30),
		strings.Repeat("é", 31):         strings.Repeat("é", 30) + "…",
	} {
		require.Equal(t, want, visible(text, 30), "%q", text)
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	require.Equal(t, "0 keys", count(0, "key", "keys"))
	require.Equal(t, "1 key", count(1, "key", "keys"))
	require.Equal(t, "2 keys", count(2, "key", "keys"))
}
