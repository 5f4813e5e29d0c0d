package statuspage

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

// said returns a verdict as the text that a person reads.
func said(v Verdict) string {
	text := string(v.Level) + ": " + v.Figure + " " + v.Unit + ". " + v.Text
	if v.Then != "" {
		text += " " + v.Then
	}
	return strings.ReplaceAll(text, noBreak, " ")
}

func client(tokens ...aztoken.ResourceStatus) aztoken.Status {
	return aztoken.Status{Resources: tokens}
}

func TestTokenVerdict(t *testing.T) {
	t.Parallel()
	withStore := client(token(20 * time.Hour))
	withStore.StoreError = "full"
	closed := aztoken.Status{Closed: true, StoreError: "full"}
	for name, tc := range map[string]struct {
		clients []aztoken.Status
		want    string
	}{
		"no token yet": {
			[]aztoken.Status{client(), client()}, "ok: no token yet. Nobody has asked for one.",
		},
		"one": {
			[]aztoken.Status{client(token(20 * time.Hour))},
			"ok: 20 h cover left. The token is valid. If Entra ID went down now, calls go on for 20 h.",
		},
		"several": {
			[]aztoken.Status{client(token(20*time.Hour), token(13*time.Hour)), client(token(17 * time.Hour))},
			"ok: 13 h cover left at least. All 3 tokens are valid. If Entra ID went down now, calls go on for 13 h.",
		},
		"unused ones have no say": {
			[]aztoken.Status{client(token(time.Hour, unused), token(13*time.Hour), token(2*time.Hour, unused))},
			"ok: 13 h cover left at least. All 3 tokens are valid. If Entra ID went down now, calls go on for 13 h.",
		},
		"unused ones alone have": {
			[]aztoken.Status{client(token(2*time.Hour, unused), token(time.Hour, unused))},
			"ok: 1 h cover left at least. All 2 tokens are valid. If Entra ID went down now, calls go on for 1 h.",
		},
		"a store that fails": {
			[]aztoken.Status{withStore},
			"warning: 20 h cover left. The token is valid. The token store does not work: a restart would find no token.",
		},
		"one that the host returns again": {
			[]aztoken.Status{client(token(11 * time.Hour))},
			"warning: 11 h cover left. The token cannot be replaced: the host returns the same again. Entra ID may be down. Calls work, on what is in memory.",
		},
		"one that the host returns again, in its last quarter": {
			[]aztoken.Status{client(token(5 * time.Hour))},
			"critical: 5 h cover left. The token cannot be refreshed, and little time is left. Calls work until then, on what is in memory.",
		},
		"one that cannot be refreshed": {
			[]aztoken.Status{client(token(11*time.Hour, failed))},
			"warning: 11 h cover left. The token cannot be refreshed at the moment. Calls work, on what is in memory; the refresh is tried again by itself.",
		},
		"some that cannot": {
			[]aztoken.Status{client(token(11*time.Hour, failed), token(20*time.Hour))},
			"warning: 11 h cover left at least. 1 of 2 tokens cannot be refreshed at the moment. Calls work, on what is in memory; the refresh is tried again by itself.",
		},
		"none that can": {
			[]aztoken.Status{client(token(11*time.Hour, failed), token(12*time.Hour, failed))},
			"warning: 11 h cover left at least. None of the 2 tokens can be refreshed at the moment. Calls work, on what is in memory; the refresh is tried again by itself.",
		},
		"one that ends": {
			[]aztoken.Status{client(token(3*time.Hour, failed), token(12*time.Hour, failed))},
			"critical: 3 h cover left at least. 1 of 2 tokens cannot be refreshed, and little time is left. Calls work until then, on what is in memory.",
		},
		"one in its last moment": {
			[]aztoken.Status{client(token(time.Millisecond, failed), token(12*time.Hour, failed))},
			"critical: 0 s cover left at least. 1 of 2 tokens cannot be refreshed, and little time is left. Calls work until then, on what is in memory.",
		},
		"one that is missing": {
			[]aztoken.Status{client(none())}, "critical: no token for 1 resource. Calls fail. The errors below say why.",
		},
		"all that are missing": {
			[]aztoken.Status{client(none(), token(-time.Hour))}, "critical: no token for 2 resources. Calls fail. The errors below say why.",
		},
		"all but one": {
			[]aztoken.Status{client(none(), none(), token(5*time.Hour))},
			"critical: 2 of 3 without a token. Their calls fail. The other has 5 h of cover left.",
		},
		"one of several clients": {
			[]aztoken.Status{client(token(-time.Hour)), client(token(5*time.Hour), token(6*time.Hour))},
			"critical: 1 of 3 without a token. Their calls fail. The others have 5 h of cover left at least.",
		},
		"a closed client": {[]aztoken.Status{closed}, "warning: closed gives no tokens. The client is closed."},
		"a closed client of two": {
			[]aztoken.Status{closed, client(token(20 * time.Hour))},
			"ok: 20 h cover left. The token is valid. If Entra ID went down now, calls go on for 20 h.",
		},
	} {
		var r Report
		for _, c := range tc.clients {
			r.Clients = append(r.Clients, newClientReport("", c, now))
		}
		got := verdicts(r)
		require.Len(t, got, 1, name)
		require.Equal(t, tc.want, said(got[0]), name)
		require.Equal(t, "Tokens", got[0].Of, name)
	}
}

func TestKeyVerdict(t *testing.T) {
	t.Parallel()
	missing := verify.Status{LastError: down, LastErrorOn: now}
	tenants := func(all ...verify.Status) verify.Status {
		s := verify.Status{Tenants: map[string]verify.Status{}}
		for i, of := range all {
			s.Tenants[string(rune('a'+i))] = of
		}
		return s
	}
	for name, tc := range map[string]struct {
		keys verify.Status
		want string
	}{
		"none yet":            {verify.Status{}, "ok: no keys yet. They are fetched when the first caller comes."},
		"fetched":             {keys(23 * time.Hour), "ok: 23 h cover left. Tokens of callers can be checked. If Entra ID went down now, that goes on for 23 h."},
		"not fetched":         {keys(11*time.Hour, notFetched), "warning: 11 h cover left. The signing keys cannot be fetched at the moment. Tokens are checked by those in memory; the fetch is tried again by itself."},
		"ending":              {keys(time.Hour, notFetched), "critical: 1 h cover left. The signing keys cannot be fetched, and little time is left. Until then tokens are checked by those in memory."},
		"missing":             {missing, "critical: no keys to check tokens with. Callers get 503. The keys cannot be fetched; the error below says why."},
		"closed":              {keys(23*time.Hour, func(s *verify.Status) { s.Closed = true }), "warning: closed checks no tokens. The verifier is closed."},
		"of two tenants":      {tenants(keys(23*time.Hour), keys(22*time.Hour)), "ok: 22 h cover left. Tokens of callers can be checked. If Entra ID went down now, that goes on for 22 h."},
		"missing of one":      {tenants(missing, keys(22*time.Hour)), "critical: 1 of 2 tenants without keys. Their callers get 503. The other has 22 h of cover left."},
		"missing of all":      {tenants(missing, missing), "critical: no keys to check tokens with. Callers get 503. The keys cannot be fetched; the error below says why."},
		"missing of one of 3": {tenants(missing, keys(22*time.Hour), keys(21*time.Hour)), "critical: 1 of 3 tenants without keys. Their callers get 503. The others have 21 h of cover left at least."},
		"one under way":       {tenants(verify.Status{}, keys(21*time.Hour)), "ok: 21 h cover left. Tokens of callers can be checked. If Entra ID went down now, that goes on for 21 h."},
		"missing and idle":    {tenants(verify.Status{}, missing), "critical: 1 of 2 tenants without keys. Their callers get 503."},
	} {
		k := newKeyReport(tc.keys, now)
		got := verdicts(Report{Verifier: &k})
		require.Len(t, got, 1, name)
		require.Equal(t, tc.want, said(got[0]), name)
	}
}

func TestVerdictOfNothing(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ok: nothing to show. This page has neither a client nor a verifier.", said(verdicts(Report{})[0]))
}
