package imdstest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestCloudShellJudgesRequests(t *testing.T) {
	problem := func(code string) string { return `{"error":{"code":"` + code + `","message":"…` }
	const good = `{"access_token":"ey…`
	judge(t, "Cloud Shell", map[string]verdict{
		"as it should be":         {asItIs, 200, good},
		"GET":                     {setMethod("GET"), 405, ""},
		"no Metadata":             {func(r *http.Request) { r.Header.Del("Metadata") }, 400, problem("bad_request_102")},
		"Metadata: True":          {setHeader("Metadata", "True"), 400, problem("bad_request_102")},
		"no resource":             {setForm("resource"), 400, problem("AudienceNotSpecified")},
		"resource twice":          {setForm("resource", vault, vault), 400, problem("BadRequest")},
		"an id, which is nothing": {setForm("client_id", nobody), 200, good},
		"resource in the query only": {func(r *http.Request) {
			setForm("resource")(r)
			setParameter("resource", vault)(r)
		}, 400, problem("AudienceNotSpecified")},
		"a body that is no form":   {setHeader("Content-Type", "application/json"), 400, problem("AudienceNotSpecified")},
		"a form with a charset":    {setHeader("Content-Type", "application/x-www-form-urlencoded;charset=utf-8"), 200, good},
		"a malformed body":         {setBody("resource=%zz"), 400, problem("BadRequest")},
		"a body that is too large": {setBody("resource=" + strings.Repeat("x", 64<<10+1-len("resource="))), 400, problem("BadRequest")},
		"no body":                  {setBody(""), 400, problem("AudienceNotSpecified")},
	})
}

func setBody(body string) func(*http.Request) {
	return func(r *http.Request) {
		header := r.Header
		again, err := http.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		*r = *again
		r.Header = header
	}
}

func TestCloudShellGivesTheUsersIdentity(t *testing.T) { ownIdentity(t, "Cloud Shell", 400) }

func TestCloudShellNamesTheAudiencesThatItKnows(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, &imdstest.Options{Resources: []string{vault, "https://graph.microsoft.com"}}), "Cloud Shell")
	got := g.ask(t, orders)
	require.Equal(t, http.StatusBadRequest, got.status)
	require.Equal(t, `{"error":{"code":"AudienceNotSupported","message":"Audience https://orders.example is not a supported `+
		`MSI token audience. Supported audiences: https://vault.azure.net,https://graph.microsoft.com"}}`, got.body)
	g.server.Break(imdstest.EntraDown())
	require.Equal(t, http.StatusInternalServerError, g.ask(t, vault).status)
}

func TestRequestsHaveTheForm(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, nil), "Cloud Shell")
	g.ask(t, vault, "n", "1")
	require.Equal(t, []string{vault}, g.asked().Form["resource"])
	require.Empty(t, g.asked().Query)
	require.Contains(t, g.asked().String(), "POST /oauth2/token with n=1&resource=https%3A%2F%2Fvault.azure.net: 200, minted")
}
