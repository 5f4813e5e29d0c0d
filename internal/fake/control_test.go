package fake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fake"
	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
)

// running returns a fake on free ports of the loopback interface, which is stopped with the test.
func running(t *testing.T, machine fakeazure.Options) *fake.Fake {
	t.Helper()
	f, err := fake.Listen(fake.Options{
		Machine: machine, Listen: "127.0.0.1:0", ListenTLS: "127.0.0.1:0", Control: "127.0.0.1:0",
	})
	require.NoError(t, err)
	stop := serve(t, f)
	t.Cleanup(stop)
	return f
}

func post(t *testing.T, address, form string) (status int, body string) {
	t.Helper()
	resp, err := http.Post(address, "application/x-www-form-urlencoded", strings.NewReader(form))
	require.NoError(t, err)
	return read(t, resp)
}

func get(t *testing.T, address string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(address)
	require.NoError(t, err)
	return read(t, resp)
}

func read(t *testing.T, resp *http.Response) (status int, body string) {
	t.Helper()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func TestControlActions(t *testing.T) {
	t.Parallel()
	f := running(t, fakeazure.Options{})
	act := func(path, form string) fake.Status {
		t.Helper()
		status, body := post(t, f.ControlURL+path, form)
		require.Equal(t, http.StatusOK, status, body)
		var s fake.Status
		require.NoError(t, json.Unmarshal([]byte(body), &s))
		return s
	}
	form := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	ask := func() int {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, f.URL+"/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r", nil)
		require.NoError(t, err)
		req.Header.Set("Metadata", "true")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		status, _ := read(t, resp)
		return status
	}
	keys := func() (status, count int) {
		t.Helper()
		status, body := get(t, f.URL+"/"+fakeazure.DefaultTenantID+"/discovery/keys")
		return status, strings.Count(body, `"kid"`)
	}

	require.Equal(t, "Status(503)", act("/break", form("fault", "status(503)")).Fault)
	require.Equal(t, 503, ask())
	require.Equal(t, "Status(410)", act("/break", form("fault", "Status(410)", "for", "1h")).Fault)
	require.Equal(t, 410, ask())
	act("/next", form("fault", "Status(429)", "fault", "OK"))
	require.Equal(t, 429, ask())
	require.Equal(t, 200, ask())
	require.Equal(t, 410, ask())
	require.Equal(t, "OK", act("/recover", "").Fault)
	require.Equal(t, 200, ask())

	require.Equal(t, "Status(500)", act("/break-keys", form("fault", "Status(500)")).KeysFault)
	status, _ := keys()
	require.Equal(t, 500, status)
	require.Equal(t, 200, ask())
	require.Equal(t, "OK", act("/recover-keys", "").KeysFault)
	act("/next-keys", form("fault", "Status(404)"))
	status, _ = keys()
	require.Equal(t, 404, status)

	_, count := keys()
	require.Equal(t, 1, count)
	act("/publish-key", "")
	act("/rotate-key", "")
	act("/rotate-key", "")
	_, count = keys()
	require.Equal(t, 3, count)
	act("/withdraw-keys", "")
	_, count = keys()
	require.Equal(t, 1, count)

	act("/rotate-federated-token", "")
	got := act("/recover", "")
	require.Equal(t, 7, got.Requests)
	require.Equal(t, 5, got.KeyFetches)
	require.Equal(t, 1, got.MaxInFlight)
}

func TestControlUsage(t *testing.T) {
	t.Parallel()
	f := running(t, fakeazure.Options{Secret: "known"})
	status, body := get(t, f.ControlURL)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "POST /break")

	_, body = get(t, f.ControlURL+"/requests")
	require.Equal(t, "[]\n", body)
	req, err := http.NewRequest(http.MethodGet, f.Machine.AppService(f.URL)["IDENTITY_ENDPOINT"]+"?api-version=2019-08-01&resource=r", nil)
	require.NoError(t, err)
	req.Header.Set("X-Identity-Header", "known")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	status, token := read(t, resp)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, token, "eyJ")

	_, body = get(t, f.ControlURL+"/requests")
	require.NotContains(t, body, "known")
	require.NotContains(t, body, "eyJ")
	var asked []fake.Request
	require.NoError(t, json.Unmarshal([]byte(body), &asked))
	require.Len(t, asked, 1)
	require.Equal(t, "App Service", asked[0].Host)
	require.True(t, asked[0].Minted)

	_, _ = get(t, f.URL+"/"+fakeazure.DefaultTenantID+"/discovery/keys")
	_, body = get(t, f.ControlURL+"/key-requests")
	require.Contains(t, body, `"host": "Entra ID"`)
}

func TestControlMistakes(t *testing.T) {
	t.Parallel()
	f := running(t, fakeazure.Options{})
	for name, c := range map[string]struct {
		path, form string
		status     int
		want       string
	}{
		"no fault":          {"/break", "", 400, "no fault; set one"},
		"no such fault":     {"/break", "fault=Outage", 400, "write OK, EntraDown"},
		"two in force":      {"/break", "fault=Hang&fault=OK", 400, "one fault"},
		"no time":           {"/break", "fault=Hang&for=long", 400, "set it to a duration"},
		"no time at all":    {"/break-keys", "fault=Hang&for=0s", 400, "set it to a duration"},
		"twice a time":      {"/break", "fault=Hang&for=1s&for=2s", 400, "twice"},
		"a slip":            {"/break", "fault=Hang&four=1h", 400, `unknown parameter "four"`},
		"a time for a step": {"/next", "fault=Hang&for=1h", 400, `unknown parameter "for"`},
		"a fault to end":    {"/recover", "fault=Hang", 400, `unknown parameter "fault"`},
		"no form":           {"/break", "%zz", 400, "form"},
		"a flood":           {"/break", "fault=" + strings.Repeat("x", 1<<20), 400, "too large"},
		"no such action":    {"/explode", "", 404, ""},
		"a question":        {"/status", "", 405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := post(t, f.ControlURL+c.path, c.form)
			require.Equal(t, c.status, status)
			require.Contains(t, body, c.want)
			require.Equal(t, fault.OK(), f.Machine.Tokens.CurrentFault())
		})
	}
}

func TestControlMethod(t *testing.T) {
	t.Parallel()
	f := running(t, fakeazure.Options{})
	status, body := get(t, f.ControlURL+"/break")
	require.Equal(t, http.StatusMethodNotAllowed, status)
	require.Contains(t, body, "/break takes POST")
	require.Contains(t, body, "curl -d fault=EntraDown http://")
}

// TestControlOrigin: a web page cannot switch faults.
func TestControlOrigin(t *testing.T) {
	t.Parallel()
	f := running(t, fakeazure.Options{})
	req, err := http.NewRequest(http.MethodPost, f.ControlURL+"/break?fault=Hang", nil)
	require.NoError(t, err)
	req.Header.Set("Origin", "https://evil.example")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	status, _ := read(t, resp)
	require.Equal(t, http.StatusForbidden, status)
	require.Equal(t, fault.OK(), f.Machine.Tokens.CurrentFault())
}
