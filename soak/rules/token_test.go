package rules_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

func TestReadToken(t *testing.T) {
	t.Parallel()
	got, ok := rules.ReadToken(jwt(`{"kid":"k"}`, `{"exp":1700000000}`))
	require.True(t, ok)
	require.Equal(t, rules.Token{KeyID: "k", Expires: time.Unix(1700000000, 0)}, got)
	for _, text := range []string{"", "a.b", "a.b.c", jwt(`{"kid":"k"}`, `{"exp":"soon"}`), jwt(`[]`, `{}`)} {
		_, ok := rules.ReadToken(text)
		require.False(t, ok, text)
	}
}

func TestRotated(t *testing.T) {
	t.Parallel()
	require.Empty(t, rules.Rotated(after(time.Hour), noon, 0))
	require.Equal(t, []rules.Rule{rules.TellsRotates}, broken(rules.Rotated(after(-time.Second), noon, 0)), "an expired token")
	require.Equal(t, []rules.Rule{rules.TellsRotates}, broken(rules.Rotated(time.Time{}, noon, 0)), "a foreign token")
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	token := jwt(`{"kid":"k"}`, `{}`)
	require.Empty(t, rules.Secrets("a log line", "token acquired", "[redacted]"))
	require.Equal(t, []rules.Finding{{Rule: rules.NoSecret, What: "a log line"}}, rules.Secrets("a log line", "fine", "got "+token))
	require.Empty(t, rules.SecretsOfError("an error", nil))
	require.Empty(t, rules.SecretsOfError("an error", errors.New("no token")))
	require.Len(t, rules.SecretsOfError("an error", errors.New("no "+token)), 1)
}
