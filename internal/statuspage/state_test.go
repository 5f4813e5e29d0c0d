package statuspage

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

var (
	now  = time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC)
	down = errors.New("503 Service Unavailable").Error()
)

// token returns a token of 24 hours with this much of its life left.
func token(left time.Duration, change ...func(*aztoken.ResourceStatus)) aztoken.ResourceStatus {
	r := aztoken.ResourceStatus{
		Resource: "https://vault.azure.net", Source: "endpoint",
		AcquiredOn: now.Add(left - 24*time.Hour), ExpiresOn: now.Add(left), RefreshOn: now.Add(left - 14*time.Hour),
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func failed(r *aztoken.ResourceStatus) {
	r.Failures, r.LastError, r.LastErrorOn, r.RefreshOn = 3, down, now.Add(-time.Minute), now.Add(time.Minute)
}

func unused(r *aztoken.ResourceStatus) { r.Unused = true }

// keys returns the status of Entra's keys with this much of their life left.
func keys(left time.Duration, change ...func(*verify.Status)) verify.Status {
	s := verify.Status{KeySource: "entra", Keys: 6, FetchedOn: now.Add(left - 24*time.Hour), ExpireOn: now.Add(left), NextFetchOn: now.Add(time.Minute)}
	for _, c := range change {
		c(&s)
	}
	return s
}

func notFetched(s *verify.Status) { s.LastError, s.LastErrorOn = down, now.Add(-time.Minute) }

func none() aztoken.ResourceStatus {
	return aztoken.ResourceStatus{Resource: "https://vault.azure.net", Failures: 2, LastError: down, LastErrorOn: now}
}

func TestTokenState(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		token aztoken.ResourceStatus
		want  State
		level Level
	}{
		"new":                         {token(24 * time.Hour), Valid, OK},
		"old":                         {token(12 * time.Hour), Valid, OK},
		"the same again, half":        {token(12*time.Hour - 1), Repeated, Warning},
		"the same again, a quarter":   {token(6 * time.Hour), Repeated, Warning},
		"the same again, and less":    {token(6*time.Hour - 1), Ending, Critical},
		"unused":                      {token(time.Hour, unused), Unused, OK},
		"unused, and a refresh fails": {token(20*time.Hour, unused, failed), Retrying, Warning},
		"not refreshed":               {token(12*time.Hour, failed), Retrying, Warning},
		"not refreshed, a quarter":    {token(6*time.Hour, failed), Retrying, Warning},
		"not refreshed, and less":     {token(6*time.Hour-1, failed), Ending, Critical},
		"in its last moment":          {token(1, failed), Ending, Critical},
		"just over":                   {token(0), Expired, Critical},
		"over":                        {token(-time.Hour, failed), Expired, Critical},
		"over, and unused":            {token(-time.Hour, unused), Expired, Critical},
		"none yet":                    {none(), Missing, Critical},
	} {
		got := tokenState(tc.token, now)
		require.Equal(t, tc.want, got, name)
		require.Equal(t, tc.level, got.Level(), name)
		require.NotEmpty(t, tokenLabels[got], name)
	}
}

func TestKeyState(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		keys  verify.Status
		want  State
		level Level
	}{
		"none was asked for":         {verify.Status{}, Idle, OK},
		"the first fetch is on":      {verify.Status{NextFetchOn: now}, Idle, OK},
		"the first fetch failed":     {verify.Status{LastError: down, LastErrorOn: now}, Missing, Critical},
		"fetched":                    {keys(23 * time.Hour), Valid, OK},
		"not fetched again":          {keys(23*time.Hour, notFetched), Retrying, Warning},
		"not fetched, and little":    {keys(5*time.Hour, notFetched), Ending, Critical},
		"over":                       {keys(0, notFetched), Missing, Critical},
		"closed":                     {keys(23*time.Hour, func(s *verify.Status) { s.Closed = true }), Closed, Warning},
		"closed before the first":    {verify.Status{Closed: true}, Closed, Warning},
		"from the key file, no news": {keys(20*time.Hour, func(s *verify.Status) { s.KeySource = "key file" }, notFetched), Retrying, Warning},
	} {
		got := keyState(tc.keys, now)
		require.Equal(t, tc.want, got, name)
		require.Equal(t, tc.level, got.Level(), name)
		require.True(t, keyLabels[got] != "" || got == Idle, name)
	}
}

func TestWorse(t *testing.T) {
	t.Parallel()
	levels := []Level{OK, Warning, Critical}
	for i, a := range levels {
		for j, b := range levels {
			require.Equal(t, levels[max(i, j)], worse(a, b))
		}
	}
}
