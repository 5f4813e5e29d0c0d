package verify_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

func keyFile(path string) edit { return func(o *verify.Options) { o.KeyFile = path } }

// savedFile is the key file of a verifier that had keys now.
func savedFile(t *testing.T, edits ...edit) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	v := warm(t, issue(first().jwk()), append(edits, keyFile(path))...)
	synctest.Wait()
	require.NoError(t, v.Close())
	require.FileExists(t, path)
	return path
}

// down is an Entra that cannot be reached.
func down() *issuer {
	entra := issue()
	entra.fail(refuses)
	return entra
}

func TestAServiceThatStartsInAnOutageHasTheKeysOfItsFile(t *testing.T) {
	virtually(t, func(t *testing.T) {
		path := savedFile(t)
		for range 5 {
			time.Sleep(4 * time.Hour)
			began := time.Now()
			v := open(t, down(), keyFile(path))
			require.NoError(t, v.Warm(t.Context()))
			accept(t, v, mint())
			require.Zero(t, time.Since(began))
			reject(t, v, unsigned("unknown"), verify.ErrKeysUnavailable)
			require.NoError(t, v.Close())
		}
		time.Sleep(4*time.Hour - time.Second)
		v := open(t, down(), keyFile(path))
		accept(t, v, mint())
		time.Sleep(time.Second)
		reject(t, v, mint(), verify.ErrKeysUnavailable)
	})
}

func TestAKeyFileDoesNotKeepNewKeysAway(t *testing.T) {
	virtually(t, func(t *testing.T) {
		path := savedFile(t)
		time.Sleep(2 * time.Hour)
		entra := issue(second().jwk())
		v := open(t, entra, keyFile(path))
		accept(t, v, mint(by(second())))
		accept(t, v, mint()) // as with any key that answers lack: they may be incomplete
		time.Sleep(62 * time.Minute)
		reject(t, v, mint(), verify.ErrSignature)
		synctest.Wait()
		require.NoError(t, v.Close())
		v = open(t, down(), keyFile(path))
		accept(t, v, mint(by(second())))
		// The token's key may be newer than those in the file.
		reject(t, v, mint(), verify.ErrKeysUnavailable)
	})
}

func TestAKeyFileThatIsNotToBeTrustedIsAsNone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		edits []edit // of the verifier that reads it
		wait  time.Duration
		spoil func(t *testing.T, path string)
	}{
		"of another tenant":  {edits: []edit{func(o *verify.Options) { o.Tenants = []string{otherTenant} }}},
		"of one tenant only": {edits: []edit{anyTenant}},
		"of another cloud":   {edits: []edit{in(verify.USGovernment)}},
		"of another app":     {edits: []edit{func(o *verify.Options) { o.AppID = clientID }}},
		"of a mirror":        {edits: []edit{func(o *verify.Options) { o.Authority = "https://mirror.example" }}},
		"stale":              {wait: 24 * time.Hour},
		"of the future":      {spoil: member("fetched", start.Add(5*time.Minute+time.Second))},
		"of no time":         {spoil: member("fetched", nil)},
		"of no source":       {spoil: member("source", nil)},
		"without keys":       {spoil: member("jwks", nil)},
		"an empty set":       {spoil: member("jwks", map[string]any{"keys": []any{}})},
		"weak keys":          {spoil: member("jwks", map[string]any{"keys": []any{weak().jwk()}})},
		"keys as text":       {spoil: member("jwks", `{"keys":[]}`)},
		"empty":              {spoil: content("")},
		"null":               {spoil: content("null")},
		"an array":           {spoil: content("[]")},
		"garbage":            {spoil: content("\x00\xff\x00")},
		"HTML":               {spoil: content("<html>")},
		"a page of zeros":    {spoil: content(strings.Repeat("\x00", 4096))},
		"too large":          {spoil: content(strings.Repeat(" ", 3<<20) + "{}")},
		"cut short": {spoil: func(t *testing.T, path string) {
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.NoError(t, os.Truncate(path, info.Size()-1))
		}},
		"not there": {spoil: func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }},
		"a directory": {spoil: func(t *testing.T, path string) {
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				path := savedFile(t)
				if tc.spoil != nil {
					tc.spoil(t, path)
				}
				time.Sleep(tc.wait)
				v := open(t, down(), append(tc.edits, keyFile(path))...)
				reject(t, v, mint(), verify.ErrKeysUnavailable)
			})
		})
	}
}

func content(text string) func(*testing.T, string) {
	return func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
}

// member changes what is in a key file.
func member(name string, value any) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		old, err := os.ReadFile(path)
		require.NoError(t, err)
		var members map[string]any
		require.NoError(t, json.Unmarshal(old, &members))
		require.Contains(t, members, name)
		set(members, name, value)
		content(text("", members))(t, path)
	}
}

func TestAKeyFileThatCannotBeWrittenIsToldAndNoMore(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]func(t *testing.T) string{
		"no directory": func(t *testing.T) string { return filepath.Join(t.TempDir(), "none", "keys.json") },
		"a directory":  func(t *testing.T) string { return t.TempDir() },
		"below a file": func(t *testing.T) string {
			file := filepath.Join(t.TempDir(), "file")
			require.NoError(t, os.WriteFile(file, nil, 0o600))
			return filepath.Join(file, "keys.json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				events := &journal{}
				path := path(t)
				v := warm(t, issue(first().jwk()), keyFile(path), events.listen)
				synctest.Wait()
				failed := events.of(verify.EventKeyFileFailed)
				require.Len(t, failed, 1)
				require.Error(t, failed[0].Err)
				accept(t, v, mint())
				left, err := filepath.Glob(path + ".*")
				require.NoError(t, err)
				require.Empty(t, left)
			})
		})
	}
}

func TestAKeyFileIsForItsOwnerAndReplacedAtOnce(t *testing.T) {
	virtually(t, func(t *testing.T) {
		path := savedFile(t)
		info, err := os.Stat(path)
		require.NoError(t, err)
		if runtime.GOOS != "windows" { // which has no modes
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, entries, 1, "no temporary file is left")
	})
}

func TestABadFetchLeavesTheKeyFileAsItIs(t *testing.T) {
	virtually(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys.json")
		entra := issue(first().jwk())
		warm(t, entra, keyFile(path))
		synctest.Wait()
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		entra.publishText(`{"keys":[]}`)
		time.Sleep(3 * time.Hour)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(before), string(after))
	})
}

func TestAKeyFileThatOthersMayHaveWritten(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes")
	}
	mode := func(m os.FileMode) func(*testing.T, string) {
		return func(t *testing.T, path string) { require.NoError(t, os.Chmod(path, m)) }
	}
	for name, tc := range map[string]struct {
		spoil   func(t *testing.T, path string)
		refused string
	}{
		"writable for all":     {mode(0o666), "writable"},
		"writable for others":  {mode(0o602), "writable"},
		"writable for a group": {mode(0o660), "writable"},
		"readable for all":     {mode(0o644), ""},
		"only readable":        {mode(0o400), ""},
		"a link to it": {func(t *testing.T, path string) {
			require.NoError(t, os.Rename(path, path+"-real"))
			require.NoError(t, os.Symlink(path+"-real", path))
		}, ""},
		"a link to one of others": {func(t *testing.T, path string) {
			require.NoError(t, os.Chmod(path, 0o666))
			require.NoError(t, os.Rename(path, path+"-real"))
			require.NoError(t, os.Symlink(path+"-real", path))
		}, "writable"},
		"of another user": {func(t *testing.T, path string) {
			if err := os.Chown(path, 65533, 65533); err != nil {
				t.Skip("only root gives files away")
			}
		}, "another user"},
		"a device": {func(t *testing.T, path string) {
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Symlink("/dev/zero", path))
		}, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				path, events := savedFile(t), &journal{}
				tc.spoil(t, path)
				v := open(t, down(), keyFile(path), events.listen)
				failed := func() []verify.Event { synctest.Wait(); return events.of(verify.EventKeyFileFailed) }
				if tc.refused == "" {
					accept(t, v, mint())
					require.Empty(t, failed())
					return
				}
				reject(t, v, mint(), verify.ErrKeysUnavailable)
				time.Sleep(time.Hour)
				require.Len(t, failed(), 1, "once")
				require.ErrorContains(t, failed()[0].Err, tc.refused)
				require.ErrorContains(t, failed()[0].Err, path)
			})
		})
	}
}

func TestAKeyFileOfAClockThatIsAhead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ahead, skew time.Duration
		good        bool
	}{
		"by two seconds":              {2 * time.Second, 0, true},
		"by what the clocks may":      {5 * time.Minute, 0, true},
		"by more":                     {5*time.Minute + time.Second, 0, false},
		"by a skew of one's own":      {time.Minute, time.Minute, true},
		"by more than one's own skew": {2 * time.Minute, time.Minute, false},
		"without a skew":              {time.Second, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				path := savedFile(t)
				member("fetched", time.Now().Add(tc.ahead))(t, path)
				v := open(t, down(), keyFile(path), skew(tc.skew))
				if !tc.good {
					reject(t, v, mint(), verify.ErrKeysUnavailable)
					return
				}
				accept(t, v, mint())
				time.Sleep(24 * time.Hour)
				// The keys do not serve longer because the clock was ahead.
				reject(t, v, mint(), verify.ErrKeysUnavailable)
			})
		})
	}
}

func TestAKeyFileIsReadAgainWhileThereAreNoKeys(t *testing.T) {
	virtually(t, func(t *testing.T) {
		path := savedFile(t)
		require.NoError(t, os.Rename(path, path+"-later"))
		v := open(t, down(), keyFile(path))
		reject(t, v, mint(), verify.ErrKeysUnavailable)
		time.Sleep(10 * time.Minute)
		reject(t, v, mint(), verify.ErrKeysUnavailable)
		require.NoError(t, os.Rename(path+"-later", path)) // the volume is mounted
		time.Sleep(time.Minute + time.Second)
		accept(t, v, mint())
		require.NoError(t, os.Remove(path))
		time.Sleep(10 * time.Hour)
		accept(t, v, mint())
	})
}

func TestKeysAreFetchedRightAfterAKeyFileWasRead(t *testing.T) {
	virtually(t, func(t *testing.T) {
		path := savedFile(t)
		entra := issue(second().jwk())
		v := open(t, entra, keyFile(path))
		require.NoError(t, v.Warm(t.Context()))
		synctest.Wait()
		require.Equal(t, 1, entra.fetches())
		require.Equal(t, "entra", v.Status().KeySource)
	})
}
