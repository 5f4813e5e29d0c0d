package imdstest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// A hostCase is a host and how its clients ask it for a token.
type hostCase struct {
	environment func(*imdstest.Server) imdstest.Environment
	// request makes a proper token request of an environment, with more parameters if there are
	// any.
	request func(t *testing.T, c caller, e imdstest.Environment, resource string, more ...string) *http.Request
}

var hosts = map[string]hostCase{
	"IMDS": {(*imdstest.Server).IMDS, func(_ *testing.T, _ caller, e imdstest.Environment, resource string, more ...string) *http.Request {
		return tokenRequest(context.Background(), e.Get("AZURE_POD_IDENTITY_AUTHORITY_HOST"), resource, more...)
	}},
	"App Service": {(*imdstest.Server).AppService, func(_ *testing.T, _ caller, e imdstest.Environment, resource string, more ...string) *http.Request {
		return get(e["IDENTITY_ENDPOINT"], "2019-08-01", "X-IDENTITY-HEADER", e["IDENTITY_HEADER"], resource, more)
	}},
	"Container Instances on Windows": {(*imdstest.Server).ContainerInstances, func(_ *testing.T, _ caller, e imdstest.Environment, resource string, more ...string) *http.Request {
		return get(e["IDENTITY_ENDPOINT"], "1.0", "Secret", e["IDENTITY_HEADER"], resource, more)
	}},
	"Azure Arc": {(*imdstest.Server).Arc, func(t *testing.T, c caller, e imdstest.Environment, resource string, more ...string) *http.Request {
		r := get(e["IDENTITY_ENDPOINT"], "2020-06-01", "Metadata", "true", resource, more)
		r.Header.Set("Authorization", "Basic "+readKey(t, c.send(r.Clone(t.Context()))))
		return r
	}},
	"Service Fabric": {(*imdstest.Server).ServiceFabric, func(_ *testing.T, _ caller, e imdstest.Environment, resource string, more ...string) *http.Request {
		return get(e["IDENTITY_ENDPOINT"], e["IDENTITY_API_VERSION"], "Secret", e["IDENTITY_HEADER"], resource, more)
	}},
	"Cloud Shell": {(*imdstest.Server).CloudShell, func(_ *testing.T, _ caller, e imdstest.Environment, resource string, more ...string) *http.Request {
		r := post(e["MSI_ENDPOINT"], append([]string{"resource", resource}, more...))
		r.Header.Set("Metadata", "true")
		return r
	}},
	"Azure ML": {(*imdstest.Server).AzureML, func(_ *testing.T, _ caller, e imdstest.Environment, resource string, more ...string) *http.Request {
		return get(e["MSI_ENDPOINT"], "2017-09-01", "Secret", e["MSI_SECRET"], resource, more)
	}},
	"workload identity": {(*imdstest.Server).WorkloadIdentity, func(t *testing.T, _ caller, e imdstest.Environment, resource string, more ...string) *http.Request {
		return exchange(t, e, e["AZURE_AUTHORITY_HOST"], resource, more)
	}},
	"identity binding": {(*imdstest.Server).IdentityBinding, func(t *testing.T, _ caller, e imdstest.Environment, resource string, more ...string) *http.Request {
		return exchange(t, e, e["AZURE_KUBERNETES_TOKEN_PROXY"]+"/", resource, more)
	}},
}

// environments are the methods of a server that return one, by name.
func environments(s *imdstest.Server) map[string]func() imdstest.Environment {
	found := map[string]func() imdstest.Environment{}
	server := reflect.ValueOf(s)
	for i := range server.NumMethod() {
		if f, ok := server.Method(i).Interface().(func() imdstest.Environment); ok {
			found[server.Type().Method(i).Name] = f
		}
	}
	return found
}

// Every host that has an environment is in hosts. Otherwise no test here would ask it.
func TestHosts(t *testing.T) {
	t.Parallel()
	server := imdstest.New(&imdstest.Options{ArcKeyDir: t.TempDir()})
	t.Cleanup(server.Close)
	for name, environment := range environments(server) {
		known := false
		for _, h := range hosts {
			known = known || reflect.DeepEqual(environment(), h.environment(server))
		}
		require.True(t, known, "hosts has no row for Server.%s", name)
	}
}

// exchange makes the request by which a pod exchanges its federated token.
func exchange(t *testing.T, e imdstest.Environment, base, resource string, more []string) *http.Request {
	assertion, err := os.ReadFile(e["AZURE_FEDERATED_TOKEN_FILE"])
	require.NoError(t, err)
	return post(base+e["AZURE_TENANT_ID"]+"/oauth2/v2.0/token", append([]string{
		"grant_type", "client_credentials",
		"client_id", e["AZURE_CLIENT_ID"],
		"scope", resource + "/.default",
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		"client_assertion", string(assertion),
	}, more...))
}

// throughProxy returns c as a client of the token proxy that an environment leads to: one that
// trusts the authority there and no other, and asks for the server name.
func throughProxy(c caller, e imdstest.Environment) caller {
	transport, ok := c.client.Transport.(*http.Transport)
	if !ok || e["AZURE_KUBERNETES_TOKEN_PROXY"] == "" {
		return c // without a socket there is no handshake
	}
	authority, err := os.ReadFile(e["AZURE_KUBERNETES_CA_FILE"])
	if err != nil {
		panic(err)
	}
	transport = transport.Clone()
	transport.TLSClientConfig = &tls.Config{ServerName: e["AZURE_KUBERNETES_SNI_NAME"], RootCAs: x509.NewCertPool()}
	transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(authority)
	return caller{c.server, &http.Client{Transport: transport, CheckRedirect: stay}}
}

func get(address, version, header, value, resource string, more []string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		panic(err)
	}
	r.URL.RawQuery = parameters(append([]string{"api-version", version, "resource", resource}, more...)).Encode()
	r.Header.Set(header, value)
	return r
}

func post(address string, form []string) *http.Request {
	// A reader of unknown length, as some clients use: the body is sent in chunks.
	body := struct{ *strings.Reader }{strings.NewReader(parameters(form).Encode())}
	r, err := http.NewRequest(http.MethodPost, address, body)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func parameters(pairs []string) url.Values {
	all := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		all.Add(pairs[i], pairs[i+1])
	}
	return all
}

// A guest is a program on one of the hosts.
type guest struct {
	caller
	host        hostCase
	environment imdstest.Environment
}

func (g guest) request(t *testing.T, resource string, more ...string) *http.Request {
	t.Helper()
	return g.host.request(t, g.caller, g.environment, resource, more...).WithContext(t.Context())
}

func (g guest) ask(t *testing.T, resource string, more ...string) outcome {
	t.Helper()
	return g.send(g.request(t, resource, more...))
}

// asked returns the log of the last request.
func (g guest) asked() imdstest.Request {
	log := g.server.Requests()
	return log[len(log)-1]
}

// on puts a caller on a host.
func on(c caller, host string) guest {
	h := hosts[host]
	e := h.environment(c.server)
	return guest{throughProxy(c, e), h, e}
}

// withFiles returns options under which a server writes only temporary files outside the test's own
// directory.
func withFiles(t *testing.T, o imdstest.Options) *imdstest.Options {
	t.Helper()
	o.ArcKeyDir = t.TempDir()
	return &o
}

// inBothFrontEndsOn is inBothFrontEnds for a program on one host.
func inBothFrontEndsOn(t *testing.T, host string, o imdstest.Options, f func(*testing.T, guest)) {
	t.Helper()
	for name, open := range frontEnds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := withFiles(t, o)
			synctest.Test(t, func(t *testing.T) {
				c := open(t, opts)
				t.Cleanup(c.server.Close)
				f(t, on(c, host))
			})
		})
	}
}

// A verdict is how a host answers a changed request.
type verdict struct {
	change func(*http.Request)
	status int
	body   string // the exact text, with GUID for any; "…" at the end: the beginning
}

// judge sends changed requests to a host with default options, by both front ends.
func judge(t *testing.T, host string, verdicts map[string]verdict) {
	t.Helper()
	t.Parallel()
	for name, tc := range verdicts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBothFrontEndsOn(t, host, imdstest.Options{}, func(t *testing.T, g guest) {
				r := g.request(t, vault)
				tc.change(r)
				got := g.send(r)
				require.NoError(t, got.err)
				require.Equal(t, tc.status, got.status, got.body)
				requireBody(t, tc.body, got.body)
				require.Equal(t, tc.status, g.asked().Status)
				if tc.status != http.StatusOK {
					require.NotContains(t, got.body, "access_token")
				}
			})
		})
	}
}

var anyGUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func requireBody(t *testing.T, want, got string) {
	t.Helper()
	got = anyGUID.ReplaceAllString(got, "GUID")
	if start, ok := strings.CutSuffix(want, "…"); ok {
		require.Greater(t, len(got), len(start), got)
		got, want = got[:len(start)], start
	}
	require.Equal(t, want, got)
}

// What can be changed about a request.

func asItIs(*http.Request) {}

func setParameter(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) {
		query := r.URL.Query()
		query[name] = values
		r.URL.RawQuery = query.Encode()
	}
}

func setForm(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) {
		if err := r.ParseForm(); err != nil {
			panic(err)
		}
		r.PostForm[name] = values
		header := r.Header
		*r = *post(r.URL.String(), flat(r.PostForm)).WithContext(r.Context())
		r.Header = header
	}
}

func flat(values url.Values) (pairs []string) {
	for name, all := range values {
		for _, value := range all {
			pairs = append(pairs, name, value)
		}
	}
	return pairs
}

func setHeader(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = values }
}

func setMethod(name string) func(*http.Request) { return func(r *http.Request) { r.Method = name } }

func setPath(path string) func(*http.Request) { return func(r *http.Request) { r.URL.Path = path } }

// object returns the body as a JSON object.
func (o outcome) object(t *testing.T) map[string]any {
	t.Helper()
	require.NoError(t, o.err)
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(o.body), &members), o.body)
	return members
}

// choice is the identities of a machine, the parameters of a request that may name one of them, and
// the client id of the identity that gets the token.
type choice struct {
	identities []imdstest.Identity
	id         []string
	client     string // blank: an error
}

// requireChosen asks a host for tokens, and requires that they are of the right identities. refused
// judges the errors.
func requireChosen(t *testing.T, host string, choices map[string]choice, refused func(t *testing.T, got outcome)) {
	t.Helper()
	for name, c := range choices {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := on(inMemory(t, &imdstest.Options{Identities: c.identities}), host)
			got := g.ask(t, vault, c.id...)
			if c.client == "" {
				refused(t, got)
				return
			}
			require.Equal(t, c.client, g.appID(t, got))
		})
	}
}

// appID returns for whom the token of a success is.
func (g guest) appID(t *testing.T, o outcome) any {
	t.Helper()
	require.NoError(t, o.err)
	require.Equal(t, http.StatusOK, o.status, o.body)
	claims, err := g.server.Claims(o.object(t)["access_token"].(string))
	require.NoError(t, err)
	return claims["appid"]
}

func readKey(t *testing.T, challenge outcome) string {
	t.Helper()
	require.NoError(t, challenge.err)
	require.Equal(t, http.StatusUnauthorized, challenge.status, challenge.body)
	file, ok := strings.CutPrefix(challenge.header.Get("WWW-Authenticate"), "Basic realm=")
	require.True(t, ok)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(content)
}
