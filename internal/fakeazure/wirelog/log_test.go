package wirelog_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/wirelog"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

func TestLog(t *testing.T) {
	t.Parallel()
	var l wirelog.Log
	call := identityapi.Call{
		Method: http.MethodPost, Path: "/p",
		Query:  url.Values{"resource": {"r"}, "Client_Assertion": {"hush"}},
		Form:   url.Values{"password": {"hush", "hush"}},
		Header: http.Header{"Authorization": {"Bearer hush"}, "Secret": {"hush"}, "Metadata": {"true"}},
	}
	first, second := l.Begin("IMDS", call, ""), l.Begin("IMDS", call, "Hang")
	first.Answered(http.StatusOK, true)
	over := first.End()
	require.Equal(t, http.StatusOK, over.Status)
	require.True(t, over.Minted)
	require.Zero(t, second.End().Status)
	require.Equal(t, 2, l.Count())
	require.Equal(t, 2, l.MaxInFlight())
	all := l.Requests()
	require.Equal(t, "r", all[0].Resource)
	require.Equal(t, "Hang", all[1].Fault)
	require.Contains(t, all[0].String(), "POST /p?")
	require.Contains(t, all[1].String(), ": no answer, Hang")
	require.NotContains(t, all[0].String(), "hush")
	require.Equal(t, http.Header{"Authorization": {"REDACTED"}, "Secret": {"REDACTED"}, "Metadata": {"true"}}, all[0].Header)
	require.Equal(t, []string{"Bearer hush"}, call.Header["Authorization"], "the call is left as it was")
}
