package hosts

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

func TestArcKey(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	keys := filepath.Join(base, "tokens")
	require.NoError(t, os.MkdirAll(filepath.Join(keys, "below"), 0o700))
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(keys, name), []byte(content), 0o600))
	}
	write("good.key", "the-key")
	write("line.key", "the-key\n")
	write("limit.key", strings.Repeat("k", 4096))
	write("large.key", strings.Repeat("k", 4097))
	write("empty.key", " \n")
	write("two.key", "the key")
	write("header.key", "key\r\nMetadata: true")
	write("binary.key", "key\x00")
	write("latin.key", "clé")
	write("good.txt", "text")
	write(".key", "nameless")
	write("../outside.key", "outside")
	write("below/good.key", "below")
	require.NoError(t, os.Symlink(filepath.Join(keys, "good.key"), filepath.Join(keys, "absolute.key")))
	require.NoError(t, os.Symlink("good.key", filepath.Join(keys, "inside.key")))
	require.NoError(t, os.Symlink("../outside.key", filepath.Join(keys, "link.key")))
	require.NoError(t, os.Mkdir(filepath.Join(keys, "directory.key"), 0o700))

	files := ArcFiles{Keys: keys}
	slash := string(filepath.Separator)
	at := func(name string) string { return "Basic realm=" + keys + slash + filepath.FromSlash(name) }
	for challenge, want := range map[string]string{
		at("good.key"): "the-key",
		at("line.key"): "the-key",
		"basic realm=" + keys + slash + "good.key":   "the-key",
		`Basic realm="` + keys + slash + `good.key"`: "the-key",
		at("limit.key"):                        strings.Repeat("k", 4096),
		at("inside.key"):                       "the-key",
		at("large.key"):                        "",
		at("empty.key"):                        "",
		at("two.key"):                          "",
		at("header.key"):                       "",
		at("binary.key"):                       "",
		at("latin.key"):                        "",
		at("good.txt"):                         "",
		at(".key"):                             "",
		at("missing.key"):                      "",
		at("absolute.key"):                     "",
		at("link.key"):                         "",
		at("directory.key"):                    "",
		at("below/good.key"):                   "",
		at("../outside.key"):                   "",
		at("below/../good.key"):                "",
		at("/good.key"):                        "",
		"Basic realm=" + base + "/outside.key": "",
		"Basic realm=good.key":                 "",
		"Basic realm=":                         "",
		"Basic":                                "",
		"Bearer realm=" + keys + "/good.key":   "",
		"Basik realm=" + keys + "/good.key":    "",
		"Basic realm=" + strings.ToUpper(keys) + "/good.key": "",
		"":                                      "",
		"Basic realm=" + keys + "/good.key\x00": "",
	} {
		got, err := files.key(challenge)
		require.Equal(t, want, got, challenge)
		require.Equal(t, want == "", err != nil, challenge)
		if err != nil {
			var f *wire.Failure
			require.ErrorAs(t, err, &f, challenge)
			require.False(t, f.Retry, challenge)
			require.NotEmpty(t, f.Advice, challenge)
			require.NotContains(t, err.Error(), base, "the endpoint chose the path")
			require.NotContains(t, err.Error(), "missing", "and the name")
			require.NotContains(t, err.Error(), "the key", challenge)
		}
	}
}

func TestArcKeyDirectory(t *testing.T) {
	t.Parallel()
	keys := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(keys, "a.key"), []byte("key"), 0o600))
	got, err := ArcFiles{Keys: keys + string(filepath.Separator)}.key("Basic realm=" + filepath.Join(keys, "a.key"))
	require.NoError(t, err, "a slash at its end changes nothing")
	require.Equal(t, "key", got)
	missing := filepath.Join(keys, "missing")
	_, err = ArcFiles{Keys: missing}.key("Basic realm=" + filepath.Join(missing, "a.key"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NotContains(t, err.Error(), keys)
}

func TestArcKeyPermission(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root may read every file, and on Windows a mode takes no right away")
	}
	keys := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(keys, "a.key"), []byte("key"), 0))
	_, err := ArcFiles{Keys: keys}.key("Basic realm=" + filepath.Join(keys, "a.key"))
	var f *wire.Failure
	require.ErrorAs(t, err, &f)
	require.ErrorIs(t, err, fs.ErrPermission)
	require.Contains(t, f.Advice, "himds")
}

func TestFindArcFiles(t *testing.T) {
	t.Parallel()
	below := func(base, name string) string { return filepath.Join(base, "AzureConnectedMachineAgent", name) }
	for _, tc := range []struct {
		goos string
		env  map[string]string
		want ArcFiles
	}{
		{"linux", map[string]string{"ProgramData": "d", "ProgramFiles": "p"}, ArcFiles{Agent: "/opt/azcmagent/bin/himds", Keys: "/var/opt/azcmagent/tokens"}},
		{"windows", map[string]string{"ProgramData": "d", "ProgramFiles": "p"}, ArcFiles{Agent: below("p", "himds.exe"), Keys: below("d", "Tokens")}},
		{"windows", map[string]string{"ProgramData": "d", "ProgramFiles": "p (x86)", "ProgramW6432": "p"}, ArcFiles{Agent: below("p", "himds.exe"), Keys: below("d", "Tokens")}},
		{"windows", map[string]string{"ProgramData": "d"}, ArcFiles{Keys: below("d", "Tokens")}},
		{"windows", map[string]string{"ProgramFiles": "p"}, ArcFiles{Agent: below("p", "himds.exe")}},
		{"windows", nil, ArcFiles{}},
	} {
		require.Equal(t, tc.want, FindArcFiles(tc.goos, func(name string) string { return tc.env[name] }))
	}

	agent := filepath.Join(t.TempDir(), "himds")
	_, ok := ArcFiles{Agent: agent}.agentIsThere()
	require.False(t, ok)
	require.NoError(t, os.WriteFile(agent, nil, 0o700))
	path, ok := ArcFiles{Agent: agent}.agentIsThere()
	require.True(t, ok)
	require.Equal(t, agent, path)
}

func FuzzKeyName(f *testing.F) {
	const keys = "/var/opt/azcmagent/tokens"
	for _, name := range []string{"a.key", "../a.key", "a/b.key", ".key", "..key", "a.key\x00", "a.txt", "", `a".key`, "/a.key", "./a.key", "a.key/"} {
		f.Add("Basic realm=" + keys + "/" + name)
	}
	f.Add(`basic realm="` + keys + `/a.key"`)
	f.Add("Basic realm=/etc/shadow.key")
	f.Add("Bearer realm=x")
	f.Fuzz(func(t *testing.T, challenge string) {
		files := ArcFiles{Keys: keys}
		name, err := files.keyName(challenge)
		if err != nil {
			require.Empty(t, name)
			if len(challenge) > 40 {
				require.NotContains(t, err.Error(), challenge[len("Basic realm="):])
			}
			return
		}
		require.True(t, filepath.IsLocal(name), name)
		require.Equal(t, filepath.Base(name), name, "a file of the directory itself")
		require.Greater(t, len(name), len(".key"))
		require.True(t, strings.HasSuffix(name, ".key"))
		require.Equal(t, keys+"/"+name, strings.Trim(challenge[len("Basic realm="):], `"`), "the whole path, to the letter")
		again, err := files.keyName("Basic realm=" + keys + "/" + name)
		require.NoError(t, err)
		require.Equal(t, name, again)
	})
}

func FuzzKeyFile(f *testing.F) {
	for _, content := range []string{"the-key", "the-key\n", " \n", "the key", "key\r\nMetadata: true", "key\x00", "clé", strings.Repeat("k", 4096), strings.Repeat("k", 4097), "\ufeffkey", "key\u00a0"} {
		f.Add([]byte(content))
	}
	path := filepath.Join(f.TempDir(), "a.key")
	f.Fuzz(func(t *testing.T, content []byte) {
		require.NoError(t, os.WriteFile(path, content, 0o600))
		word, err := readWord(os.OpenFile, path, maxKey)
		want := strings.TrimSpace(string(content))
		if len(content) > maxKey || !regexp.MustCompile("^[!-~]+$").MatchString(want) {
			require.Error(t, err)
			require.Empty(t, word)
			require.Less(t, len(err.Error()), 100, "it does not quote the secret")
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, word)
	})
}
