package hosts_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	appTenant = "7e000000-0000-4000-8000-00000000000a"
	app       = "a0000000-0000-4000-8000-00000000000a"
)

// assertionOf returns an assertion with these claims.
func assertionOf(issuer, subject, audience string) string {
	claims := fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q}`, issuer, subject, audience)
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s1gnature"
}

// identityAssertion is one of a managed identity, whose audience Entra may write as a GUID.
var identityAssertion = assertionOf("https://login.microsoftonline.com/"+appTenant+"/v2.0", object.Value, "fb60f99c-7a34-4190-8149-302f77469936")

func always(value string) func(context.Context, string) (hosts.Assertion, error) {
	return func(context.Context, string) (hosts.Assertion, error) {
		return hosts.Assertion{Value: secret.New(value)}, nil
	}
}

func newFederation(t *testing.T, f hosts.Federation, env map[string]string, answer http.HandlerFunc) (hosts.Host, error) {
	t.Helper()
	cfg := hosts.Config{Getenv: func(name string) string { return env[name] }, Module: "aztoken", Version: "v0.0.1"}
	if answer != nil {
		cfg.Options.Transport = transport(answer)
	}
	h, err := hosts.NewFederation(cfg, f)
	if err == nil {
		t.Cleanup(h.Source.Close)
	}
	return h, err
}

func TestFederationMistakes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		f    hosts.Federation
		env  map[string]string
		want []string
	}{
		{"no tenant", hosts.Federation{ClientID: app}, nil, []string{"Options.Federation.TenantID", "empty"}},
		{"a path for a tenant", hosts.Federation{TenantID: "a/b", ClientID: app}, nil, []string{"Options.Federation.TenantID", `"a/b"`}},
		{"any tenant", hosts.Federation{TenantID: "common", ClientID: app}, nil, []string{"Options.Federation.TenantID", `"common"`}},
		{"no app", hosts.Federation{TenantID: appTenant}, nil, []string{"Options.Federation.ClientID", "empty"}},
		{"a name for an app", hosts.Federation{TenantID: appTenant, ClientID: "orders"}, nil, []string{"Options.Federation.ClientID", `"orders"`, "GUID"}},
		{"an app with a line feed", hosts.Federation{TenantID: appTenant, ClientID: app + "\n"}, nil, []string{"Options.Federation.ClientID", `\n`}},
		{"a cloud that is none", hosts.Federation{TenantID: appTenant, ClientID: app, Authority: "http://login.microsoftonline.com"}, nil, []string{"Options.Cloud", "http://login.microsoftonline.com", "https://"}},
		{"a variable that is none", hosts.Federation{TenantID: appTenant, ClientID: app}, map[string]string{"AZURE_AUTHORITY_HOST": "login.microsoftonline.com"}, []string{"$AZURE_AUTHORITY_HOST", `"login.microsoftonline.com"`}},
		{"an unknown cloud", hosts.Federation{TenantID: appTenant, ClientID: app, Authority: "https://login.microsoftonline.eaglex.ic.gov/"}, nil, []string{"Options.Cloud: ", "Options.Federation.Assertion", "login.microsoftonline.eaglex.ic.gov", "audience"}},
		{"an unknown cloud of the environment", hosts.Federation{TenantID: appTenant, ClientID: app}, map[string]string{"AZURE_AUTHORITY_HOST": "https://login.contoso.example"}, []string{"$AZURE_AUTHORITY_HOST: ", "Options.Federation.Assertion", "login.contoso.example"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := newFederation(t, tc.f, tc.env, nil)
			require.ErrorAs(t, err, new(*hosts.ConfigError))
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	f := hosts.Federation{TenantID: appTenant, ClientID: app, Authority: "https://login.contoso.example", IsCustom: true}
	_, err := newFederation(t, f, nil, nil)
	require.NoError(t, err, "other assertions need no audience")
}

func TestFederation(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name           string
		authority, env string
		r              hosts.Request
		audience       string
		url            string
		claims         string
	}{
		{"the public cloud", "", "", request, "api://AzureADTokenExchange", "https://login.microsoftonline.com/" + appTenant + "/oauth2/v2.0/token", ""},
		{"the environment's", "", "https://login.microsoftonline.us", request, "api://AzureADTokenExchangeUSGov", "https://login.microsoftonline.us/" + appTenant + "/oauth2/v2.0/token", ""},
		{"the program's", "https://login.chinacloudapi.cn/", "https://login.microsoftonline.us", request, "api://AzureADTokenExchangeChina", "https://login.chinacloudapi.cn/" + appTenant + "/oauth2/v2.0/token", ""},
		{"another tenant", "", "", hosts.Request{Resource: "https://r", Tenant: "contoso.example"}, "api://AzureADTokenExchange", "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token", ""},
		{"CAE", "", "", hosts.Request{Resource: "https://r", CAE: true}, "api://AzureADTokenExchange", "https://login.microsoftonline.com/" + appTenant + "/oauth2/v2.0/token", `{"access_token":{"xms_cc":{"values":["cp1"]}}}`},
		{"a challenge", "", "", hosts.Request{Resource: "https://r", Claims: `{"access_token":{}}`}, "api://AzureADTokenExchange", "https://login.microsoftonline.com/" + appTenant + "/oauth2/v2.0/token", `{"access_token":{}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := hosts.Federation{TenantID: appTenant, ClientID: app, Authority: tc.authority, By: "IMDS", Assert: func(_ context.Context, audience string) (hosts.Assertion, error) {
				require.Equal(t, tc.audience, audience)
				return hosts.Assertion{Value: secret.New(identityAssertion + "\n")}, nil
			}}
			h, err := newFederation(t, f, map[string]string{"AZURE_AUTHORITY_HOST": tc.env}, func(w http.ResponseWriter, r *http.Request) {
				require.Equal(t, http.MethodPost, r.Method)
				require.Equal(t, tc.url, r.URL.String())
				require.NoError(t, r.ParseForm())
				want := url.Values{
					"client_id": {app}, "scope": {"https://r/.default"}, "grant_type": {"client_credentials"},
					"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {identityAssertion},
				}
				if tc.claims != "" {
					want.Set("claims", tc.claims)
				}
				require.Equal(t, want, r.PostForm)
				_, _ = io.WriteString(w, good)
			})
			require.NoError(t, err)
			require.Contains(t, h.String(), "IMDS")
			got, err := h.Source.Token(t.Context(), tc.r)
			require.NoError(t, err)
			require.Equal(t, "token", got.Token)
		})
	}
}

// TestFederationRefusals: the advice names what the federated credential must have, as it was sent.
func TestFederationRefusals(t *testing.T) {
	t.Parallel()
	foreign := assertionOf("https://token.actions.githubusercontent.com", "repo:contoso@1/orders@2:ref:refs/heads/main", "api://AzureADTokenExchange")
	ofIdentity := []string{`issuer "https://login.microsoftonline.com/` + appTenant + `/v2.0"`, `subject "` + object.Value + `"`}
	mismatch := append([]string{`audience "api://AzureADTokenExchange"`, "aztoken federate --app " + app + " --to " + object.Value}, ofIdentity...)
	ofCI := []string{`issuer "https://token.actions.githubusercontent.com"`, `subject "repo:contoso@1/orders@2:ref:refs/heads/main"`, `audience "api://AzureADTokenExchange"`}
	for code, tc := range map[int]struct {
		any   bool
		want  []string
		retry bool
		most  int
	}{
		70021:    {want: mismatch, retry: true, most: 2},
		700211:   {want: mismatch, retry: true, most: 2},
		700212:   {want: mismatch, retry: true, most: 2},
		700213:   {any: true, want: ofCI, retry: true, most: 2},
		7002121:  {want: mismatch},
		7002131:  {any: true, want: ofCI},
		7002138:  {want: mismatch},
		7002139:  {want: mismatch}, // not seen yet
		700222:   {want: append([]string{"api://AzureADTokenExchange"}, ofIdentity...)},
		70022204: {want: append([]string{"cloud"}, ofIdentity...)},
		700226:   {any: true, want: append([]string{"managed identity"}, ofCI...)},
		700236:   {want: append([]string{"administrator"}, ofIdentity...)},
		700024:   {any: true, want: append([]string{"clocks"}, ofCI...), retry: true, most: 2},
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			assertion := identityAssertion
			if tc.any {
				assertion = foreign
			}
			f := hosts.Federation{TenantID: appTenant, ClientID: app, IsCustom: tc.any, Assert: always(assertion)}
			h, err := newFederation(t, f, nil, func(w http.ResponseWriter, _ *http.Request) { refuse(w, code) })
			require.NoError(t, err)
			_, err = h.Source.Token(t.Context(), request)
			var failure *wire.Failure
			require.ErrorAs(t, err, &failure)
			for _, want := range tc.want {
				require.Contains(t, failure.Advice, want)
			}
			require.Equal(t, tc.retry, failure.Retry)
			require.Equal(t, tc.most, failure.MaxRetries)
			require.NotContains(t, err.Error()+failure.Advice, "s1gnature")
			if tc.any {
				require.NotContains(t, failure.Advice, "aztoken federate", "it is no managed identity's")
			}
		})
	}
}

// TestFederationAdvice: for every refusal of an application by Entra, the advice is not about a
// pod's variables, nor about an identity of this machine.
func TestFederationAdvice(t *testing.T) {
	t.Parallel()
	for _, known := range hosts.EntraErrors() {
		for _, isAny := range []bool{false, true} {
			f := hosts.Federation{TenantID: appTenant, ClientID: app, IsCustom: isAny, Assert: always(identityAssertion)}
			h, err := newFederation(t, f, nil, func(w http.ResponseWriter, _ *http.Request) { refuse(w, known.Code) })
			require.NoError(t, err)
			_, err = h.Source.Token(t.Context(), request)
			var failure *wire.Failure
			require.ErrorAs(t, err, &failure)
			require.NotEmpty(t, failure.Advice, known.Code)
			for _, foreign := range []string{"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "annotation", "kubelet", "to this host", "from this host"} {
				require.NotContains(t, failure.Advice, foreign, known.Code)
			}
		}
	}
}

// refuse answers with an error code of Entra's.
func refuse(w http.ResponseWriter, code int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = fmt.Fprintf(w, `{"error":"invalid_client","error_description":"AADSTS%d: no.","error_codes":[%[1]d]}`, code)
}

// TestFederationUnanswered: the advice if Entra did not answer.
func TestFederationUnanswered(t *testing.T) {
	t.Parallel()
	answer := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	strange := httptest.NewUnstartedServer(answer(200, "application/json", good))
	strange.Config.ErrorLog = log.New(io.Discard, "", 0) // its side of the failed handshake
	strange.StartTLS()
	t.Cleanup(strange.Close)
	for name, tc := range map[string]struct {
		authority string
		answer    http.HandlerFunc // nil: over the network
		want      string
	}{
		"nothing listens":      {"https://127.0.0.1:1", nil, "check the way to 127.0.0.1:1"},
		"a strange authority":  {strange.URL, nil, "SSL_CERT_FILE"},
		"a page":               {"", answer(200, "text/html", "<html>"), "the answer is not from Entra ID"},
		"a page that refuses":  {"", answer(407, "text/html", "<html>"), "the answer is not from Entra ID"},
		"a redirect":           {"", answer(307, "text/html", ""), "the answer is not from Entra ID"},
		"a page in an outage":  {"", answer(503, "text/html", "<html>"), ""},
		"a reply of no token":  {"", answer(200, "application/json", "{}"), ""},
		"an outage of Entra's": {"", answer(503, "application/json", "{}"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := hosts.Federation{TenantID: appTenant, ClientID: app, Authority: tc.authority, IsCustom: true, Assert: always(identityAssertion)}
			h, err := newFederation(t, f, nil, tc.answer)
			require.NoError(t, err)
			_, err = h.Source.Token(t.Context(), request)
			var failure *wire.Failure
			require.ErrorAs(t, err, &failure)
			require.False(t, failure.Unreachable, "that is for endpoints of this machine")
			require.Contains(t, failure.Advice, tc.want)
			require.Equal(t, tc.want == "", failure.Advice == "", failure.Advice)
		})
	}
}

// TestFederationOther: a cached assertion that Entra does not accept is replaced once.
func TestFederationOther(t *testing.T) {
	t.Parallel()
	const none = "none"
	old, fresh := assertionOf("i", "old", "a"), assertionOf("i", "new", "a")
	for name, tc := range map[string]struct {
		code  int
		other string // "": it is not from a cache
		sent  int
		ok    bool
	}{
		"it has expired":         {700024, fresh, 2, true},
		"no credential, or yet":  {70021, fresh, 2, true},
		"another subject":        {700213, fresh, 2, true},
		"there is no other":      {700024, none, 1, false},
		"the other neither":      {700024, old, 2, false},
		"not from a cache":       {700024, "", 1, false},
		"a reason of the app's":  {700016, fresh, 1, false},
		"an outage of Entra's":   {90033, fresh, 1, false},
		"the wrong kind of them": {700222, fresh, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent []string
			assertion := hosts.Assertion{Value: secret.New(old)}
			if tc.other != "" {
				assertion.Other = func(context.Context) (secret.Text, bool) { return secret.New(tc.other), tc.other != none }
			}
			f := hosts.Federation{TenantID: appTenant, ClientID: app, Assert: func(context.Context, string) (hosts.Assertion, error) { return assertion, nil }}
			h, err := newFederation(t, f, nil, func(w http.ResponseWriter, r *http.Request) {
				require.NoError(t, r.ParseForm())
				sent = append(sent, r.PostForm.Get("client_assertion"))
				if r.PostForm.Get("client_assertion") == fresh {
					_, _ = io.WriteString(w, good)
					return
				}
				refuse(w, tc.code)
			})
			require.NoError(t, err)
			_, err = h.Source.Token(t.Context(), request)
			require.Equal(t, tc.ok, err == nil, "%v", err)
			require.Len(t, sent, tc.sent)
		})
	}
}

// TestFederationAssertion: text that is not an assertion is not sent, and a function's error is the
// cause.
func TestFederationAssertion(t *testing.T) {
	t.Parallel()
	broken := errors.New("the CI system is away")
	for name, tc := range map[string]struct {
		value string
		err   error
		want  string
		retry bool // from a Failure
	}{
		"empty":         {"", nil, "not one word", false},
		"a line feed":   {"\n", nil, "not one word", false},
		"two words":     {"Bearer e30.e30.s1gnature", nil, "not one word", false},
		"a page":        {"<html>\x00", nil, "not one word", false},
		"an endless":    {strings.Repeat("a", 64<<10+1), nil, "larger", false},
		"an error":      {"", broken, "the CI system is away", false},
		"a late file":   {"", &fs.PathError{Op: "open", Path: "/token", Err: fs.ErrNotExist}, "/token", true},
		"its time over": {"", context.DeadlineExceeded, "deadline", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert := hosts.AssertBy(func(context.Context) (string, error) { return tc.value, tc.err })
			f := hosts.Federation{TenantID: appTenant, ClientID: app, IsCustom: true, Assert: assert}
			h, err := newFederation(t, f, nil, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
			require.NoError(t, err)
			_, err = h.Source.Token(t.Context(), request)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "assertion")
			require.NotContains(t, err.Error(), "s1gnature")
			if tc.err != nil {
				require.ErrorIs(t, err, tc.err)
			}
			var failure *wire.Failure
			require.Equal(t, tc.retry, errors.As(err, &failure) && failure.Retry)
		})
	}
}
