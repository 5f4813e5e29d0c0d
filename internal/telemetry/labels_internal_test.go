package telemetry

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLabels(t *testing.T) {
	t.Parallel()
	of := func(resource string) Resource {
		return Resource{Source{Identity: "default"}, resource, ""}
	}
	other := of(Other)
	t.Run("are kept by the first that come", func(t *testing.T) {
		t.Parallel()
		l := newLabels(2)
		for _, r := range []string{"a", "b", "a"} {
			require.Equal(t, of(r), l.resource(of(r), true))
		}
		require.Equal(t, other, l.resource(of("c"), true))
		require.Equal(t, of("b"), l.resource(of("b"), false), "it had a token")
	})
	t.Run("of what never had a token take no place of the others", func(t *testing.T) {
		t.Parallel()
		l := newLabels(2)
		for i := range 1000 {
			r := of(fmt.Sprint("made-up-", i))
			want := other
			if i < 2 {
				want = r
			}
			require.Equal(t, want, l.resource(r, false))
		}
		require.Equal(t, of("a"), l.resource(of("a"), true))
		require.Equal(t, of("made-up-999"), l.resource(of("made-up-999"), true))
		require.Equal(t, other, l.resource(of("made-up-0"), true))
		require.Equal(t, of("made-up-1"), l.resource(of("made-up-1"), false))
	})
	t.Run("tell tenants and identities apart", func(t *testing.T) {
		t.Parallel()
		l := newLabels(3)
		for _, r := range []Resource{of("a"), {of("a").Source, "a", "t"}, {Source{Identity: "other identity"}, "a", ""}} {
			require.Equal(t, r, l.resource(r, true))
		}
	})
	t.Run("of clients are bounded too", func(t *testing.T) {
		t.Parallel()
		l := newLabels(2)
		for i, s := range []Source{{"a", "default"}, {"b", "default"}, {"c", "default"}, {"b", "default"}} {
			want := s
			if i == 2 {
				want = Source{Identity: Other}
			}
			require.Equal(t, want, l.source(s))
		}
	})
	t.Run("are a hundred by default", func(t *testing.T) {
		t.Parallel()
		for _, limit := range []int{0, -1} {
			l := newLabels(limit)
			for i := range 101 {
				got := l.resource(of(fmt.Sprint(i)), true)
				require.Equal(t, i == 100, got == other)
			}
		}
	})
	t.Run("are short, valid and no tokens", func(t *testing.T) {
		t.Parallel()
		token := "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
		for text, want := range map[string]string{
			"":                                      "",
			"https://orders.example.com":            "https://orders.example.com",
			"a\xffb":                                "a�b",
			token:                                   "REDACTED",
			"https://orders.example.com?t=" + token: "https://orders.example.com?t=REDACTED",
			strings.Repeat("x", 1000):               strings.Repeat("x", 256),
			strings.Repeat("x", 255) + "ü":          strings.Repeat("x", 255),
		} {
			require.Equal(t, want, clean(text))
			require.Equal(t, Source{want, want}, newLabels(0).source(Source{text, text}))
			require.Equal(t, Resource{of("").Source, want, want}, newLabels(0).resource(Resource{of("").Source, text, text}, true))
		}
	})
}
