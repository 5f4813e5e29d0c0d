package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// moved returns a copy of the sources that the command is built from, in another directory.
func moved(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	for _, pattern := range []string{"*.go", "go.mod", "go.sum", "LICENSE", "README.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, name := range names {
			content, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), content, 0o600))
		}
	}
	for _, sub := range []string{"cmd", "imdstest", "internal", "tokenstore", "verify"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, sub), os.DirFS(filepath.Join(root, sub))))
	}
	return dir
}

func TestAReleaseComesOutTheSameAgain(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("it compiles everything anew, which once in a full run is enough")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to build with:", err)
	}
	here := target{runtime.GOOS, runtime.GOARCH}
	r := release{root: filepath.Join("..", ".."), version: "v9.8.7-rc.1", date: time.Unix(1_790_000_000, 0)}
	program := func(r release) string {
		name := filepath.Join(t.TempDir(), here.program())
		require.NoError(t, r.build(t.Context(), here, name))
		return name
	}
	archive := func(r release, program string) []byte {
		name := filepath.Join(t.TempDir(), "archive"+here.extension())
		require.NoError(t, r.pack(t.Context(), program, name))
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		return content
	}

	first := program(r)
	again := r
	again.root = moved(t, r.root)
	t.Setenv("GOFLAGS", "-race=false -tags=unheard-of")
	t.Setenv("GOCACHE", t.TempDir()) // nothing is reused from an earlier build
	second := program(again)

	one, err := os.ReadFile(first)
	require.NoError(t, err)
	other, err := os.ReadFile(second)
	require.NoError(t, err)
	require.True(t, bytes.Equal(one, other), "the programs differ: compare `go version -m` and `strings` of both")
	require.True(t, bytes.Equal(archive(r, first), archive(again, second)), "the archives differ")

	out, err := exec.Command(first, "--version").Output()
	require.NoError(t, err)
	require.Equal(t, "aztoken version v9.8.7-rc.1\n", string(out))

	licenses, err := thirdParty(t.Context(), r.root, first)
	require.NoError(t, err)
	for _, module := range []string{"Go go1.", "github.com/spf13/cobra v", "github.com/Azure/azure-sdk-for-go/sdk/azidentity v"} {
		require.Contains(t, string(licenses), "== "+module)
	}
	require.NotContains(t, string(licenses), "testify", "which is not linked")
}

func TestArchive(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 9, 21, 13, 46, 40, 0, time.UTC)
	files := []file{{"aztoken", []byte("program"), true}, {"LICENSE", []byte("text"), false}}
	type entry struct {
		name, content string
		mode          fs.FileMode
		date          time.Time
	}
	want := []entry{{"aztoken", "program", 0o755, date}, {"LICENSE", "text", 0o644, date}}
	write := func(t *testing.T, name string) []byte {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, writeArchive(path, date, files))
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		return content
	}
	t.Run("for Windows is a zip", func(t *testing.T) {
		content := write(t, "a.zip")
		r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		require.NoError(t, err)
		var got []entry
		for _, f := range r.File {
			body, err := f.Open()
			require.NoError(t, err)
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			got = append(got, entry{f.Name, string(text), f.Mode(), f.Modified.UTC()})
		}
		require.Equal(t, want, got)
	})
	t.Run("for the others is a tar.gz that names no user", func(t *testing.T) {
		z, err := gzip.NewReader(bytes.NewReader(write(t, "a.tar.gz")))
		require.NoError(t, err)
		var got []entry
		for r := tar.NewReader(z); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			text, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Zero(t, h.Uid)
			require.Empty(t, h.Uname)
			got = append(got, entry{h.Name, string(text), fs.FileMode(h.Mode), h.ModTime.UTC()})
		}
		require.Equal(t, want, got)
	})
}

func TestChecksums(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b"), []byte("b\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o600))
	require.NoError(t, writeChecksums(dir, []string{"b", "a"}))
	text, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a
0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f  b
`, string(text))
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		release release
		want    string
	}{
		"no version":                    {release{}, `the version is "";`},
		"a version without v":           {release{version: "1.2.3"}, "1.2.3"},
		"a version with a part missing": {release{version: "v1.2"}, "v1.2"},
		"what would be another flag":    {release{version: "v1.2.3 -X main.run=x"}, "set -version to a tag"},
		"no system":                     {release{version: "v1.2.3", date: time.Unix(1, 0)}, "linux/amd64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, test.release.run(t.Context()), test.want)
		})
	}
}

func TestSourceDate(t *testing.T) {
	t.Run("is what the environment says", func(t *testing.T) {
		t.Setenv("SOURCE_DATE_EPOCH", "1790000000")
		date, err := sourceDate(t.Context(), t.TempDir())
		require.NoError(t, err)
		require.Equal(t, "2026-09-21 14:13:20 +0000 UTC", date.String())
	})
	t.Run("is no text", func(t *testing.T) {
		t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
		_, err := sourceDate(t.Context(), t.TempDir())
		require.ErrorContains(t, err, "no number of seconds")
	})
	t.Run("without a commit must be set", func(t *testing.T) {
		t.Setenv("SOURCE_DATE_EPOCH", "")
		_, err := sourceDate(t.Context(), t.TempDir())
		require.ErrorContains(t, err, "SOURCE_DATE_EPOCH")
	})
}

func TestLicenses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var text bytes.Buffer
	require.ErrorContains(t, appendLicenses(&text, "example.com/m v1.0.0", dir), "example.com/m v1.0.0 has no license")
	for name, content := range map[string]string{"LICENSE.md": "may be copied", "NOTICE": "by us", "license.go": "package m", "licenses": "no", "README": "no"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	require.NoError(t, appendLicenses(&text, "example.com/m v1.0.0", dir))
	require.Equal(t, "== example.com/m v1.0.0: LICENSE.md\n\nmay be copied\n\n== example.com/m v1.0.0: NOTICE\n\nby us\n\n", strings.ReplaceAll(text.String(), "\r\n", "\n"))
}
