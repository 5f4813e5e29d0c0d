package doctor

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// entra returns the advice on one of Entra's error codes.
func entra(code int) string {
	known, _ := hosts.FindEntraError([]int{code})
	return known.Advice
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	for name, c := range map[string]struct {
		kind      hosts.Kind
		failure   wire.Failure
		header    http.Header
		connected bool
		unsent    bool
		want      diagnosis
	}{
		"nothing listens":               {failure: wire.Failure{Unreachable: true}, want: diagnosis{reachableCheck, fixAbsent}},
		"nothing where a variable says": {failure: wire.Failure{Unreachable: true, Advice: "unset it"}, want: diagnosis{reachableCheck, "unset it"}},
		"no way to the login host":      {kind: hosts.WorkloadIdentity, failure: wire.Failure{Err: errors.New("no such host"), Advice: "DNS"}, want: diagnosis{reachableCheck, "DNS"}},
		"no way for an application":     {kind: hosts.AppRegistration, failure: wire.Failure{Err: errors.New("no such host")}, want: diagnosis{reachableCheck, fixElsewhere}},
		"silence":                       {failure: wire.Failure{Err: os.ErrDeadlineExceeded}, connected: true, want: diagnosis{reachableCheck, fixSilent}},
		"packets are dropped":           {failure: wire.Failure{Err: os.ErrDeadlineExceeded}, want: diagnosis{reachableCheck, fixAbsent}},
		"the connection ends":           {failure: wire.Failure{Err: io.EOF}, connected: true, want: diagnosis{reachableCheck, fixClosed}},
		"half an answer":                {failure: wire.Failure{Err: io.ErrUnexpectedEOF}, connected: true, header: header("Server", "x"), want: diagnosis{reachableCheck, fixClosed}},
		"an endless answer":             {failure: wire.Failure{Err: errors.New("too large")}, connected: true, header: header("Server", "x"), want: diagnosis{directCheck, fixProxy}},
		"another certificate":           {failure: wire.Failure{Err: wire.ErrCertificate}, connected: true, want: diagnosis{directCheck, fixCert}},
		"a file is missing":             {failure: wire.Failure{Err: os.ErrNotExist, Advice: "the volume"}, unsent: true, want: diagnosis{requestCheck, "the volume"}},
		"Docker Desktop":                {failure: wire.Failure{StatusCode: 403, Reason: wire.NoEndpoint, Description: "unreachable network"}, want: diagnosis{directCheck, fixDocker}},
		"a page of HTML":                {failure: wire.Failure{StatusCode: 502, Description: "<html>"}, want: diagnosis{directCheck, fixProxy}},
		"a page for the login host":     {kind: hosts.WorkloadIdentity, failure: wire.Failure{StatusCode: 200, Description: "<html>", Advice: "$AZURE_AUTHORITY_HOST"}, want: diagnosis{directCheck, "$AZURE_AUTHORITY_HOST"}},
		"a redirect by the token proxy": {kind: hosts.IdentityBinding, failure: wire.Failure{StatusCode: 307, Advice: "$AZURE_KUBERNETES_SNI_NAME"}, want: diagnosis{directCheck, "$AZURE_KUBERNETES_SNI_NAME"}},
		"a proxy that wants a password": {failure: wire.Failure{StatusCode: 407}, want: diagnosis{directCheck, fixProxy}},
		"a proxy by its header":         {failure: wire.Failure{StatusCode: 404}, header: header("Via", "1.1 x"), want: diagnosis{directCheck, fixProxy}},
		"another program":               {failure: wire.Failure{StatusCode: 404, Description: "page not found"}, want: diagnosis{directCheck, fixProxy}},
		"a host's own 404":              {failure: wire.Failure{StatusCode: 404}, want: diagnosis{tokenCheck, fixUpdating}},
		"throttling in prose":           {failure: wire.Failure{StatusCode: 429, Description: "Too many requests."}, want: diagnosis{tokenCheck, fixThrottled}},
		"an outage in prose":            {failure: wire.Failure{StatusCode: 500, Description: "oops"}, want: diagnosis{tokenCheck, fixOutage}},
		"a secret that is stale":        {failure: wire.Failure{StatusCode: 401, JSON: true, Advice: "take it anew"}, want: diagnosis{requestCheck, "take it anew"}},
		"a version unknown":             {failure: wire.Failure{StatusCode: 400, JSON: true, Description: "api-version"}, want: diagnosis{requestCheck, fixRequest}},
		"an identity with advice":       {failure: wire.Failure{StatusCode: 400, JSON: true, Reason: wire.IdentityNotFound, Advice: "turn it on"}, want: diagnosis{identityCheck, "turn it on"}},
		"another cloud, without a word": {failure: wire.Failure{StatusCode: 401, Reason: wire.NoEndpoint}, want: diagnosis{directCheck, fixProxy}},
		"a resource by Entra's code":    {failure: wire.Failure{StatusCode: 400, JSON: true, EntraCodes: []int{500011}}, want: diagnosis{resourceCheck, entra(500011)}},
		"a code that is not known":      {failure: wire.Failure{StatusCode: 400, JSON: true, EntraCodes: []int{5000110}}, want: diagnosis{requestCheck, fixRequest}},
		"an assignment is missing":      {failure: wire.Failure{StatusCode: 400, JSON: true, EntraCodes: []int{501051}}, want: diagnosis{resourceCheck, entra(501051)}},
		"a policy of the tenant's":      {failure: wire.Failure{StatusCode: 400, JSON: true, EntraCodes: []int{53003}}, want: diagnosis{requestCheck, entra(53003)}},
		"a credential that is old":      {failure: wire.Failure{StatusCode: 400, JSON: true, EntraCodes: []int{7000222}}, want: diagnosis{identityCheck, entra(7000222)}},
		"Entra is away":                 {failure: wire.Failure{StatusCode: 503, JSON: true, EntraCodes: []int{90033}}, want: diagnosis{tokenCheck, entra(90033)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, diagnose(c.kind, answer{failure: &c.failure, header: c.header, connected: c.connected, sent: !c.unsent}))
		})
	}
}

func TestProxyNote(t *testing.T) {
	t.Parallel()
	proxied := Options{Proxy: func(r *http.Request) (*url.URL, error) { return url.Parse("http://u:s3cr3t@proxy:3128") }}
	for kind, want := range map[hosts.Kind]string{
		hosts.IMDS:             "aztoken bypasses the proxy proxy:3128",
		hosts.IdentityBinding:  "add kubernetes.default to NO_PROXY",
		hosts.WorkloadIdentity: "through the proxy proxy:3128",
		hosts.AppRegistration:  "through the proxy proxy:3128",
	} {
		note := proxyNote(proxied, hosts.Host{Kind: kind, Endpoint: "https://kubernetes.default:443/x"})
		require.Contains(t, note, want, kind)
		require.NotContains(t, note, "s3cr3t")
		require.Empty(t, proxyNote(Options{}, hosts.Host{Kind: kind, Endpoint: "https://kubernetes.default:443/x"}))
	}
}

func TestJudgeClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	dated := func(ahead time.Duration) answer {
		return answer{at: now, header: http.Header{"Date": {now.Add(-ahead).Format(http.TimeFormat)}}}
	}
	for name, c := range map[string]struct {
		answer answer
		token  token
		status Status
		detail string
	}{
		"right":                 {answer: dated(0), status: OK, detail: "agrees with the endpoint's"},
		"a second apart":        {answer: dated(-time.Second), status: OK, detail: "agrees with the endpoint's"},
		"ahead":                 {answer: dated(7 * time.Minute), status: Failed, detail: "7m ahead of the endpoint's"},
		"behind":                {answer: dated(-2 * time.Hour), status: Failed, detail: "2h behind the endpoint's"},
		"nothing to go by":      {status: OK, detail: "not compared: the endpoint sends no time"},
		"within the token":      {token: token{readable: true, notBefore: now.Add(-time.Hour), expires: now.Add(time.Hour)}, status: OK, detail: "within the lifetime of the token"},
		"before the token":      {answer: dated(0), token: token{notBefore: now.Add(20 * time.Minute)}, status: Failed, detail: "at least 20m behind: the token is not valid yet"},
		"after the token":       {token: token{expires: now.Add(-time.Hour)}, status: Failed, detail: "at least 1h ahead: the token just received has expired"},
		"a date that is no one": {answer: answer{at: now, header: http.Header{"Date": {"yesterday"}}}, status: OK, detail: "not compared: the endpoint sends no time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := judgeClock(c.answer, c.token, now)
			require.Equal(t, c.status, got.Status)
			require.Equal(t, c.detail, got.Detail)
			require.Equal(t, got.Status == Failed, got.Fix != "")
		})
	}
}

func TestJudgeRole(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	with := token{readable: true, objectID: "o", roles: []string{"reader"}, issued: now.Add(-3 * time.Hour), expires: now.Add(21 * time.Hour)}
	for name, c := range map[string]struct {
		wanted string
		token  token
		fresh  bool
		status Status
		fix    string
	}{
		"there":         {wanted: "reader", token: with, status: OK},
		"not asked for": {token: with, status: OK},
		"none":          {token: token{readable: true}, status: OK},
		"not there":     {wanted: "consumer", token: with, status: Failed, fix: "this one was issued 2h55m ago and is replaced in 21h at the latest"},
		"not cached":    {wanted: "consumer", token: with, fresh: true, status: Failed, fix: "a new token has it"},
		"in other case": {wanted: "Reader", token: with, status: Failed, fix: "object id o"},
		"without times": {wanted: "consumer", token: token{readable: true}, status: Failed, fix: "up to 24 h"},
		"opaque":        {wanted: "consumer", status: Failed, fix: "omit --role"},
		"opaque, none":  {status: OK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := judgeRole(c.wanted, c.token, !c.fresh, now)
			require.Equal(t, c.status, got.Status)
			require.Contains(t, got.Fix, c.fix)
		})
	}
}

func TestJudgeCache(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	first := azcore.AccessToken{Token: "a"}
	got := judgeCache(first, answer{token: first}, token{issued: now.Add(-time.Hour)}, now)
	require.Equal(t, "the platform caches tokens, as usual; this one was issued 55m ago", got.Detail)
	fresh := judgeCache(first, answer{token: first}, token{issued: now.Add(-5*time.Minute - time.Second)}, now)
	require.Equal(t, "the platform caches tokens, as usual; this one was issued just now", fresh.Detail, "Entra ID dates it back")
	got = judgeCache(first, answer{token: azcore.AccessToken{Token: "b"}}, token{}, now)
	require.Equal(t, OK, got.Status)
	require.Contains(t, got.Detail, "a new token for each request")
	got = judgeCache(first, answer{failure: &wire.Failure{StatusCode: 429}}, token{}, now)
	require.Equal(t, Failed, got.Status)
	require.NotEmpty(t, got.Fix)
}

func TestRightKind(t *testing.T) {
	t.Parallel()
	const fix = "assign it"
	asObject := func(id hosts.ID) bool { return id.Kind == hosts.ObjectID }
	asClient := func(id hosts.ID) bool { return id.Kind == hosts.ClientID }
	never := func(hosts.ID) bool { return false }
	require.Equal(t, fix, rightKind(hosts.ID{}, fix, asObject))
	require.Equal(t, fix, rightKind(hosts.ID{Kind: hosts.ClientID, Value: "g"}, fix, never))
	require.Contains(t, rightKind(hosts.ID{Kind: hosts.ClientID, Value: "g"}, fix, asObject), "--object-id")
	require.Contains(t, rightKind(hosts.ID{Kind: hosts.ObjectID, Value: "g"}, fix, asClient), "--client-id")
	require.Equal(t, fix, rightKind(hosts.ID{Kind: hosts.ResourceID, Value: "/subscriptions/s"}, fix, asObject))
}

func TestReadToken(t *testing.T) {
	t.Parallel()
	payload, err := json.Marshal(map[string]any{"oid": "\x1b[2J", "azp": "c", "roles": []string{"a\nb"}, "iat": 1e30, "exp": 1_800_000_000})
	require.NoError(t, err)
	got := readToken(azcore.AccessToken{Token: "h." + base64.RawURLEncoding.EncodeToString(payload) + ".s"})
	require.Equal(t, token{readable: true, objectID: "?[2J", clientID: "c", roles: []string{"a?b"}, expires: time.Unix(1_800_000_000, 0).UTC()}, got)
	require.Equal(t, token{}, readToken(azcore.AccessToken{Token: "opaque"}))
}
