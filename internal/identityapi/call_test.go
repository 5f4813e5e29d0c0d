package identityapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

func TestReadCall(t *testing.T) {
	t.Parallel()
	t.Run("takes header names in any case", func(t *testing.T) {
		t.Parallel()
		r := httptest.NewRequest(http.MethodGet, "/a%20b?x=1", nil)
		r.Header = http.Header{"metadata": {"true"}, "Metadata": {"false"}}
		c, err := identityapi.ReadCall(r, "https://imds.test")
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"true", "false"}, c.Header["Metadata"])
		require.Equal(t, "/a%20b", c.Path)
		require.True(t, c.Secure())
	})
	t.Run("takes nothing of a body that is not a form", func(t *testing.T) {
		t.Parallel()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"resource":"x"}`))
		r.Header.Set("Content-Type", "application/json")
		c, err := identityapi.ReadCall(r, "")
		require.NoError(t, err)
		require.Empty(t, c.Form)
		require.Empty(t, c.Resource())
	})
	t.Run("passes on what went wrong", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("broken")
		r := httptest.NewRequest(http.MethodPost, "/", io.NopCloser(iotest.ErrReader(broken)))
		_, err := identityapi.ReadCall(r, "")
		require.ErrorIs(t, err, broken)
		require.Equal(t, http.StatusBadRequest, serve(identityapi.CloudShell{}, willing(),
			httptest.NewRequest(http.MethodPost, "/oauth2/token", iotest.ErrReader(broken))).Code)
	})
}

func TestCallResource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]identityapi.Call{
		"the query": {Query: map[string][]string{"resource": {vault}}},
		"the form":  {Form: map[string][]string{"resource": {vault}}},
		"the scope": {Form: map[string][]string{"scope": {"openid " + vault + "/.default"}}},
	} {
		require.Equal(t, vault, c.Resource(), name)
	}
}
