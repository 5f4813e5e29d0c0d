package main_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func withRoles(names ...string) *imdstest.Options {
	return &imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true, Roles: map[string][]string{orders: names}}}}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	machine := withRoles("consumer", "reader")
	machine.OptionalClaims = []string{"idtyp"}
	srv := imdstest.NewServer(t, machine)
	token := srv.Mint(orders)
	for name, i := range map[string]struct {
		stdin string
		args  []string
	}{
		"an argument":     {args: []string{token}},
		"stdin":           {stdin: token + "\n"},
		"a dash":          {stdin: token, args: []string{"-"}},
		"a whole header":  {stdin: "Authorization: Bearer " + token + "\r\n"},
		"with its scheme": {args: []string{"bearer " + token}},
	} {
		got := invocation{stdin: i.stdin}.run(t, append([]string{"inspect"}, i.args...)...)
		require.Zero(t, got.status, name+got.stderr)
		golden(t, "inspect.text", got.stdout)
	}
	got := aztoken(t, "inspect", "--output", "json", token)
	require.Zero(t, got.status, got.stderr)
	golden(t, "inspect.json", strings.ReplaceAll(got.stdout, keyID(t, token), "KEY"))
}

func keyID(t *testing.T, token string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	require.NoError(t, err)
	var header struct{ Kid string }
	require.NoError(t, json.Unmarshal(text, &header))
	return header.Kid
}

func TestInspectWarnings(t *testing.T) {
	t.Parallel()
	srv := imdstest.New(withRoles("consumer"))
	claim := func(name string, value any) func(*imdstest.JWT) {
		return func(j *imdstest.JWT) { j.Claims[name] = value }
	}
	for name, c := range map[string]struct {
		edit func(*imdstest.JWT)
		args []string
		odd  []string
	}{
		"nothing":            {edit: func(*imdstest.JWT) {}},
		"no roles":           {edit: func(j *imdstest.JWT) { delete(j.Claims, "roles") }, odd: []string{"no_roles"}},
		"a Microsoft API":    {edit: func(j *imdstest.JWT) { j.Header["nonce"] = "n" }, odd: []string{"microsoft_api"}},
		"v1 for v2":          {edit: func(*imdstest.JWT) {}, args: []string{"--want-version=2"}, odd: []string{"version"}},
		"v1 for v1":          {edit: func(*imdstest.JWT) {}, args: []string{"--want-version=1"}},
		"expired":            {edit: claim("exp", time.Now().Add(-time.Hour).Unix()), odd: []string{"expired"}},
		"of tomorrow":        {edit: claim("nbf", time.Now().Add(time.Hour).Unix()), odd: []string{"not_yet_valid"}},
		"a user's":           {edit: func(j *imdstest.JWT) { j.Claims["scp"] = "read write" }, odd: []string{"user_token"}},
		"with idtyp":         {edit: func(j *imdstest.JWT) { j.Claims["idtyp"] = "app" }},
		"another algorithm":  {edit: func(j *imdstest.JWT) { j.Header["alg"] = "none" }, odd: []string{"algorithm"}},
		"without an expiry":  {edit: func(j *imdstest.JWT) { delete(j.Claims, "exp") }, odd: []string{"no_expiry"}},
		"a list of services": {edit: claim("aud", []string{"a", "b"}), odd: []string{"no_audience"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := aztoken(t, append([]string{"inspect", "--output=json", srv.Mint(orders, c.edit)}, c.args...)...)
			require.Zero(t, got.status, got.stderr)
			var report struct {
				Warnings []struct{ Code, Text string }
			}
			require.NoError(t, json.Unmarshal([]byte(got.stdout), &report))
			codes := []string(nil)
			for _, o := range report.Warnings {
				codes = append(codes, o.Code)
				require.NotEmpty(t, o.Text)
			}
			require.Equal(t, c.odd, codes)
		})
	}
}

func TestInspectVerify(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, withRoles("consumer"))
	verify := []string{"inspect", "--verify", "--authority", srv.URL, "--audience", orders}
	got := invocation{stdin: srv.Mint(orders)}.run(t, append(verify, "--role", "consumer")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "inspect-verified.text", got.stdout)

	expired := srv.Mint(orders, func(j *imdstest.JWT) { j.Claims["exp"] = time.Now().Add(-time.Hour).Unix() })
	forged := srv.Mint(orders)
	forged = forged[:len(forged)-8] + "AAAAAAAA"
	roleless := srv.Mint("https://other.example.com", func(j *imdstest.JWT) { j.Claims["aud"] = orders })
	for name, c := range map[string]struct {
		token string
		args  []string
		want  string
	}{
		"another service": {token: srv.Mint("https://other.example.com"), want: "wrong audience"},
		"another tenant":  {token: srv.Mint(orders), args: []string{"--tenant", "7e000000-0000-4000-8000-000000000009"}, want: "verify: "},
		"another role":    {token: srv.Mint(orders), args: []string{"--role", "admin"}, want: "missing role"},
		"no role":         {token: roleless, want: "missing role"},
		"another caller":  {token: srv.Mint(orders), args: []string{"--caller", "0b000000-0000-4000-8000-000000000009"}, want: "check --caller"},
		"expired":         {token: expired, want: "expired token"},
		"forged":          {token: forged, want: "bad signature"},
		"no keys":         {token: srv.Mint(orders), args: []string{"--authority", "http://127.0.0.1:1"}, want: "signing keys are not available"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := invocation{stdin: c.token}.run(t, append(append([]string{}, verify...), c.args...)...)
			require.Equal(t, 1, got.status, got.stdout)
			require.Contains(t, got.stderr, c.want)
			require.Contains(t, got.stdout, "✗ rejected")
		})
	}
	got = invocation{stdin: roleless}.run(t, append(verify, "--allow-roleless", "--output=json")...)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, `"verified": true`)
	for _, caller := range []string{imdstest.DefaultObjectID, imdstest.DefaultClientID, strings.ToUpper(imdstest.DefaultObjectID)} {
		got = invocation{stdin: srv.Mint(orders)}.run(t, append(verify, "--caller", caller)...)
		require.Zero(t, got.status, got.stderr)
	}
}

// TestInspectKeyFile: a run in an outage has the keys of an earlier one.
func TestInspectKeyFile(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, withRoles("consumer"))
	file := filepath.Join(t.TempDir(), "keys.json")
	inspect := func() outcome {
		return invocation{stdin: srv.Mint(orders)}.run(t,
			"inspect", "--verify", "--authority", srv.URL, "--audience", orders, "--key-file", file)
	}
	fetched := func() (on time.Time) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var saved struct{ Fetched time.Time }
		require.NoError(t, json.Unmarshal(content, &saved))
		return saved.Fetched
	}
	age := func(d time.Duration) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var saved map[string]any
		require.NoError(t, json.Unmarshal(content, &saved))
		saved["fetched"] = time.Now().Add(-d)
		content, err = json.Marshal(saved)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, content, 0o600))
	}
	require.Zero(t, inspect().status)
	first := fetched()

	age(2 * time.Hour)
	require.Zero(t, inspect().status)
	require.False(t, fetched().Before(first), "the keys of the file are hours old, and were not fetched anew")

	srv.Issuer().Break(imdstest.Status(503))
	require.Zero(t, inspect().status)
	age(23 * time.Hour)
	require.Zero(t, inspect().status)

	age(25 * time.Hour)
	got := inspect()
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stderr, "signing keys are not available")

	srv.Issuer().Recover()
	require.NoError(t, os.WriteFile(file, []byte("no keys"), 0o600))
	got = inspect()
	require.Zero(t, got.status)
	require.Contains(t, got.stderr, "warning: the key file "+file+" is not used")
}

// TestInspectMistakes: errors do not quote text that cannot be inspected.
func TestInspectMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stdin  string
		args   []string
		status int
		want   string
	}{
		"nothing":              {status: 1, want: "no token"},
		"an opaque token":      {stdin: "EwBgA8l6BAAU-secret", status: 1, want: "not a JWT"},
		"half a token":         {stdin: "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL3NlY3JldCJ9", status: 1, want: "not a JWT"},
		"a flood":              {stdin: strings.Repeat("secret", 100_000), status: 1, want: "too large"},
		"two tokens":           {args: []string{"secret", "secret"}, status: 2, want: "2 arguments, not one token"},
		"no audience":          {stdin: "secret", args: []string{"--verify"}, status: 2, want: "aztoken: --verify needs --audience: the App ID URI"},
		"an audience alone":    {stdin: "secret", args: []string{"--audience=x"}, status: 2, want: "for --verify"},
		"a scope":              {stdin: "secret", args: []string{"--verify", "--audience=https://x/.default"}, status: 2, want: "not a scope"},
		"a placeholder":        {stdin: "secret", args: []string{"--verify", "--audience=api://<client id>"}, status: 2, want: "not a scope or a placeholder"},
		"a tenant by name":     {stdin: "secret", args: []string{"--verify", "--audience=x", "--tenant=contoso"}, status: 2, want: "--tenant is"},
		"keys over http":       {stdin: "secret", args: []string{"--verify", "--audience=x", "--authority=http://login.example"}, status: 2, want: "--authority is"},
		"a cloud unknown":      {stdin: "secret", args: []string{"--cloud=moon"}, status: 2, want: "usgovernment"},
		"a version unknown":    {stdin: "secret", args: []string{"--want-version=3"}, status: 2, want: "--want-version"},
		"a role for no reason": {stdin: "secret", args: []string{"--role=x"}, status: 2, want: "--verify"},
		"a caller alone":       {stdin: "secret", args: []string{"--caller=" + imdstest.DefaultObjectID}, status: 2, want: "--verify"},
		"a caller by name":     {stdin: "secret", args: []string{"--verify", "--audience=x", "--caller=orders-worker"}, status: 2, want: "--caller is"},
		"a key file alone":     {stdin: "secret", args: []string{"--key-file=keys.json"}, status: 2, want: "--verify"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := invocation{stdin: c.stdin}.run(t, append([]string{"inspect"}, c.args...)...)
			require.Equal(t, c.status, got.status, got.stderr)
			require.Contains(t, got.stderr, c.want)
			require.NotContains(t, got.stderr+got.stdout, "secret")
		})
	}
}

// TestInspectPrintable: control sequences are not printed.
func TestInspectPrintable(t *testing.T) {
	t.Parallel()
	srv := imdstest.New(nil)
	got := aztoken(t, "inspect", srv.Mint(orders, func(j *imdstest.JWT) {
		j.Claims["aud"] = "\x1b[2Jhttps://x\u202e"
		j.Claims["roles"] = []string{"a\nverified  yes ✓"}
	}))
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, "?[2Jhttps://x?")
	require.Contains(t, got.stdout, "a?verified  yes ?")
}
