package statusz_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/clienttest"
	"github.com/seed-ac726066/aztoken/statusz"
	"github.com/seed-ac726066/aztoken/verify"
)

const resource = "https://orders.example.com"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ask(h http.Handler, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/any/path", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// page is the JSON form for a program.
type page struct {
	Title   string
	Time    time.Time
	Level   string
	Clients []struct {
		Name, Host, Identity string
		Closed               bool
		Resources            []struct {
			Resource   string
			State      string
			AcquiredOn time.Time `json:"acquired_on"`
			ExpiresOn  time.Time `json:"expires_on"`
			RefreshOn  time.Time `json:"refresh_on"`
			CoverLeft  int       `json:"cover_left_seconds"`
			Failures   int
			LastError  string `json:"last_error"`
			Source     string
		}
	}
	Verifier *struct {
		State     string
		KeySource string `json:"key_source"`
		CoverLeft int    `json:"cover_left_seconds"`
		Closed    bool
	}
}

func read(t *testing.T, h http.Handler) (p page) {
	t.Helper()
	w := ask(h, "application/json")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
	return p
}

func TestHandlerWithout(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*statusz.Options{
		"options": nil, "anything in them": {}, "a title that can be seen": {Title: " \t"}, "a client that NewClient made": {Client: &aztoken.Client{}},
		"a verifier that New made": {Verifier: &verify.Verifier{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := statusz.Handler(opts)
			w := ask(h, "text/html")
			require.Equal(t, http.StatusOK, w.Code)
			require.Contains(t, w.Body.String(), "<h1><bdi>aztoken</bdi></h1>")
			p := read(t, h)
			require.Equal(t, "aztoken", p.Title)
			require.Equal(t, opts != nil && opts.Client != nil, len(p.Clients) == 1)
			require.Equal(t, opts != nil && opts.Verifier != nil, p.Verifier != nil)
		})
	}
}

func TestHandlerKeepsItsOptions(t *testing.T) {
	t.Parallel()
	opts := &statusz.Options{Title: "orders"}
	h := statusz.Handler(opts)
	opts.Title, opts.Client = "changed", &aztoken.Client{}
	require.Equal(t, "orders", read(t, h).Title)
	require.Empty(t, read(t, h).Clients)
}

func TestHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		client := clienttest.Over(t, imds, aztoken.Options{})
		verifier := imds.Verifier(t, &verify.Options{Audiences: []string{resource}})
		h := statusz.Handler(&statusz.Options{Client: client, Verifier: verifier, Title: "orders"})

		p := read(t, h)
		require.Equal(t, "ok", p.Level)
		require.Contains(t, p.Clients[0].Host, "IMDS")
		require.Equal(t, "idle", p.Verifier.State)

		token, err := client.Token(t.Context(), resource)
		require.NoError(t, err)
		require.NoError(t, verifier.Warm(t.Context()))
		time.Sleep(time.Hour)
		p = read(t, h)
		require.WithinDuration(t, time.Now(), p.Time, time.Second)
		r := p.Clients[0].Resources[0]
		require.Equal(t, resource, r.Resource)
		require.Equal(t, "valid", r.State)
		require.Equal(t, "endpoint", r.Source)
		require.Equal(t, 23*3600, r.CoverLeft)
		require.Equal(t, token.AcquiredOn, r.AcquiredOn)
		require.Equal(t, token.ExpiresOn, r.ExpiresOn)
		require.Equal(t, token.RefreshOn, r.RefreshOn)
		require.Equal(t, "entra", p.Verifier.KeySource)
		require.Positive(t, p.Verifier.CoverLeft)

		_, err = client.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Status(503))
		time.Sleep(13 * time.Hour)
		p = read(t, h)
		require.Equal(t, "warning", p.Level)
		require.Equal(t, "retrying", p.Clients[0].Resources[0].State)
		require.Positive(t, p.Clients[0].Resources[0].Failures)
		require.Contains(t, p.Clients[0].Resources[0].LastError, "503")

		for _, accept := range []string{"text/html", "application/json"} {
			body := ask(h, accept).Body.String()
			require.NotContains(t, body, token.Value())
			require.NotContains(t, body, strings.Split(token.Value(), ".")[2])
		}

		require.NoError(t, client.Close())
		require.NoError(t, verifier.Close())
		p = read(t, h)
		require.True(t, p.Clients[0].Closed)
		require.Equal(t, "closed", p.Verifier.State)
	})
}

// While Entra ID is down, a host that is up returns the token that it has: no request fails.
func TestPageOfAHostThatRepeatsAToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		client := clienttest.Over(t, imds, aztoken.Options{})
		h := statusz.Handler(&statusz.Options{Client: client})
		_, err := client.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.EntraDown())
		at := time.Duration(0)
		for _, tc := range []struct {
			age          time.Duration
			level, state string
		}{
			{11 * time.Hour, "ok", "valid"},
			{13 * time.Hour, "warning", "repeated"},
			{19 * time.Hour, "critical", "ending"},
		} {
			for ; at < tc.age; at += time.Hour {
				time.Sleep(time.Hour)
				_, err = client.Token(t.Context(), resource)
				require.NoError(t, err)
			}
			p := read(t, h)
			require.Equal(t, tc.level, p.Level, tc.age)
			require.Equal(t, tc.state, p.Clients[0].Resources[0].State, tc.age)
			require.Zero(t, p.Clients[0].Resources[0].Failures)
		}
	})
}
