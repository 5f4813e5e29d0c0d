package identityapi_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// keys are ArcKeys with one key at a time.
type keys struct {
	outstanding string
	err         error
}

func (k *keys) New() (string, error) { k.outstanding = "fresh"; return "/keys/1.key", k.err }

func (k *keys) Use(key string) bool {
	ok := key != "" && key == k.outstanding
	k.outstanding = ""
	return ok
}

func arcRequest(authorization ...string) *http.Request {
	r := request(http.MethodGet, "http://127.0.0.1:40342/arc/metadata/identity/oauth2/token",
		map[string]string{"Metadata": "true"}, "api-version", "2020-06-01", "resource", vault)
	return withHeader(r, "Authorization", authorization...)
}

func TestArcChallenges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		authorization []string
		status        int
		says          string
	}{
		"the key":             {[]string{"Basic fresh"}, 200, ""},
		"none":                {nil, 401, "Missing Basic Authorization header"},
		"a wrong key":         {[]string{"Basic stale"}, 401, "not valid, or was used before"},
		"no key":              {[]string{"Basic"}, 401, "not valid"},
		"another scheme":      {[]string{"Bearer fresh"}, 401, "not valid"},
		"the key, beside one": {[]string{"Basic fresh", "Basic fresh"}, 401, "not valid"},
	} {
		s, k := willing(), &keys{outstanding: "fresh"}
		w := serve(identityapi.Arc{Keys: k}, s, arcRequest(c.authorization...))
		require.Equal(t, c.status, w.Code, "%s: %s", name, w.Body)
		require.Contains(t, w.Body.String(), c.says, name)
		if c.status == 401 {
			require.Empty(t, s.asked, name)
			require.Equal(t, "Basic realm=/keys/1.key", w.Header().Get("WWW-Authenticate"))
		}
	}
	t.Run("only for a request that is good otherwise", func(t *testing.T) {
		t.Parallel()
		w := serve(identityapi.Arc{Keys: &keys{}}, willing(), withHeader(arcRequest(), "Metadata"))
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Empty(t, w.Header().Get("WWW-Authenticate"))
	})
	t.Run("or says why it cannot", func(t *testing.T) {
		t.Parallel()
		w := serve(identityapi.Arc{Keys: &keys{err: errors.New("disk full")}}, willing(), arcRequest())
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Contains(t, w.Body.String(), "disk full")
	})
}

func TestArcConfirmsTheID(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ value, confirmed string }{
		"client_id":  {client, "client_id"},
		"object_id":  {object, "object_id"},
		"msi_res_id": {arm, "msi_res_id"},
	} {
		r := arcRequest("Basic fresh")
		r.URL.RawQuery += "&" + name + "=" + c.value
		got := members(t, serve(identityapi.Arc{Keys: &keys{outstanding: "fresh"}}, willing(), r))
		require.Equal(t, c.value, got[c.confirmed])
		delete(got, "client_id")
		require.Len(t, got, map[bool]int{true: 7, false: 8}[name == "client_id"], "and no other")
	}
}

func TestArcRefusals(t *testing.T) {
	t.Parallel()
	e := identityapi.Arc{Keys: always{}}
	requireRefusals(t, e, func() *http.Request { return arcRequest("Basic fresh") }, map[string]refusal{
		"no identity": {notFound, 400, "Identity not found"},
		"several":     {ambiguous, 400, "Multiple user assigned identities exist"},
		"no resource": {noResource, 400, `"invalid_resource"`},
		"no role":     {noRole, 400, "AADSTS501051: No role. Trace ID"},
		"away":        {away, 500, `{"error":"unknown",`},
		"unavailable": {unavailable, 503, "temporarily_unavailable"},
		"throttled":   {throttled, 429, "temporarily_unavailable"},
	})
	r := arcRequest("Basic fresh")
	r.URL.RawQuery = "api-version=2018-02-01&resource=r"
	require.Contains(t, serve(e, willing(), r).Body.String(), `"newest-versions":["2021-02-01","2020-06-01","2019-11-01"]`)
}

// always are ArcKeys that are content with every key.
type always struct{}

func (always) New() (string, error) { return "", nil }
func (always) Use(string) bool      { return true }
