package imdstest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestArcJudgesRequests(t *testing.T) {
	const (
		good       = `{"access_token":"ey…`
		invalid    = `{"error":"invalid_request","error_description":"…`
		noMetadata = `{"error":"invalid_request","error_description":"Required metadata header not specified"}`
		noIdentity = `{"error":"invalid_request","error_description":"Identity not found"}`
		badVersion = `{"error":"Bad request. api-version is invalid…`
		challenge  = `{"error":"unauthorized_client",…`
	)
	judge(t, "Azure Arc", map[string]verdict{
		"as it should be":             {asItIs, 200, good},
		"an older api-version":        {setParameter("api-version", "2019-11-01"), 200, good},
		"a newer api-version":         {setParameter("api-version", "2021-02-01"), 200, good},
		"IMDS's api-version":          {setParameter("api-version", "2018-02-01"), 400, badVersion},
		"no api-version":              {setParameter("api-version"), 400, badVersion},
		"POST":                        {setMethod("POST"), 405, ""},
		"no Metadata":                 {func(r *http.Request) { r.Header.Del("Metadata") }, 400, noMetadata},
		"Metadata: True":              {setHeader("Metadata", "True"), 400, noMetadata},
		"forwarded":                   {setHeader("X-Forwarded-For", "10.0.0.1"), 400, invalid},
		"no resource":                 {setParameter("resource"), 400, invalid},
		"resource twice":              {setParameter("resource", vault, vault), 400, invalid},
		"an id that is not assigned":  {setParameter("client_id", nobody), 400, noIdentity},
		"no key":                      {func(r *http.Request) { r.Header.Del("Authorization") }, 401, challenge},
		"a wrong key":                 {setHeader("Authorization", "Basic x"), 401, challenge},
		"a blank key":                 {setHeader("Authorization", "Basic "), 401, challenge},
		"a key of another scheme":     {func(r *http.Request) { setScheme(r, "Bearer") }, 401, challenge},
		"two keys":                    {func(r *http.Request) { r.Header.Add("Authorization", "Basic x") }, 401, challenge},
		"no key and an id nobody has": {func(r *http.Request) { r.Header.Del("Authorization"); setParameter("client_id", nobody)(r) }, 401, challenge},
	})
}

func setScheme(r *http.Request, scheme string) {
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	r.Header.Set("Authorization", scheme+" "+key)
}

func TestArcConfirmsTheIdentityThatItUsed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		id     []string
		client string
		echo   map[string]any
	}{
		"none named":       {nil, system.ClientID, nil},
		"by client id":     {[]string{"client_id", clientB}, clientB, nil},
		"by object id":     {[]string{"object_id", objectB}, clientB, map[string]any{"object_id": objectB}},
		"by ARM id":        {[]string{"msi_res_id", armB}, clientB, map[string]any{"msi_res_id": armB}},
		"by ARM id, loud":  {[]string{"msi_res_id", strings.ToUpper(armB)}, clientB, map[string]any{"msi_res_id": armB}},
		"by the wrong one": {[]string{"mi_res_id", armB}, system.ClientID, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := inMemory(t, withFiles(t, imdstest.Options{Identities: []imdstest.Identity{system, userB}}))
			t.Cleanup(c.server.Close)
			g := on(c, "Azure Arc")
			got := g.ask(t, vault, tc.id...)
			require.Equal(t, tc.client, g.appID(t, got))
			members := got.object(t)
			require.Equal(t, tc.client, members["client_id"])
			for _, name := range []string{"object_id", "msi_res_id"} {
				require.Equal(t, tc.echo[name], members[name])
			}
		})
	}
}

func TestArcTakesAKeyOnce(t *testing.T) {
	t.Parallel()
	inBothFrontEndsOn(t, "Azure Arc", imdstest.Options{}, func(t *testing.T, g guest) {
		r := g.request(t, vault)
		require.Equal(t, http.StatusUnauthorized, g.server.Requests()[0].Status, "the challenge is a token request too")
		require.Equal(t, http.StatusOK, g.send(r.Clone(t.Context())).status)
		again := g.send(r)
		require.Equal(t, http.StatusUnauthorized, again.status)
		require.NotContains(t, again.body, "access_token")

		r.Header.Set("Authorization", "Basic "+readKey(t, again))
		require.Equal(t, http.StatusOK, g.send(r).status, "by the key of the new challenge")
		require.Equal(t, 4, g.server.Count())
		for _, r := range g.server.Requests()[1:] {
			require.Equal(t, []string{"REDACTED"}, r.Header["Authorization"])
		}
	})
}

func TestArcMakesAFileForEachChallenge(t *testing.T) {
	t.Parallel()
	opts := withFiles(t, imdstest.Options{})
	c := inMemory(t, opts)
	g := on(c, "Azure Arc")
	first := g.request(t, vault)
	var paths []string
	for range 102 {
		r := first.Clone(t.Context())
		r.Header.Del("Authorization")
		challenge := g.send(r)
		path := strings.TrimPrefix(challenge.header.Get("WWW-Authenticate"), "Basic realm=")
		require.Equal(t, opts.ArcKeyDir, filepath.Dir(path))
		require.Regexp(t, "^"+anyGUID.String()+`\.key$`, filepath.Base(path))
		require.Regexp(t, `^[A-Za-z0-9_-]{30,100}$`, readKey(t, challenge))
		info, err := os.Stat(path)
		require.NoError(t, err)
		if runtime.GOOS != "windows" { // which has no modes
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		}
		paths = append(paths, path)
	}
	require.NoFileExists(t, paths[1], "the oldest go")
	require.FileExists(t, paths[2])
	require.Equal(t, http.StatusUnauthorized, g.send(first).status, "and their keys with them")

	c.server.Close()
	c.server.Close()
	left, err := os.ReadDir(opts.ArcKeyDir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestArcSaysWhatToDoWhereItCannotWrite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	server := imdstest.New(&imdstest.Options{ArcKeyDir: filepath.Join(file, "tokens")})
	defer func() {
		message, _ := recover().(string)
		require.Contains(t, message, "imdstest: no key file of Azure Arc can be written")
		require.Contains(t, message, "set Options.ArcKeyDir")
	}()
	server.Arc()
}

func TestArcMakesItsDirectory(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "var", "tokens")
	imdstest.New(&imdstest.Options{ArcKeyDir: directory}).Arc()
	left, err := os.ReadDir(directory)
	require.NoError(t, err)
	require.Empty(t, left)
}
