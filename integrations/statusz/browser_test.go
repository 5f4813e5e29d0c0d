package statusz_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// npmFolder is the folder in which playwright-core and axe-core are installed, and of the script
// that uses them.
const npmFolder = "../npm"

// missing skips a test if there is no browser, or fails it if AZTOKEN_REQUIRE requires one.
func missing(t *testing.T, reason string) {
	t.Helper()
	testservice.Missing(t, "chromium", reason)
}

// chromium returns the path of Chromium on this machine.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "there is no Chromium on this machine")
	return ""
}

// artifacts returns the folder for screenshots: in $AZTOKEN_ARTIFACTS if it is set, otherwise a
// temporary folder.
func artifacts(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("AZTOKEN_ARTIFACTS")
	if folder == "" {
		return t.TempDir()
	}
	folder, err := filepath.Abs(filepath.Join(folder, "statusz"))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(folder, 0o755))
	return folder
}

// A layout is how a browser laid out a page.
type layout struct {
	Sideways   int // how many pixels the page is wider than the window
	Height     int
	Background string
	Overlaps   []string // texts, bars and icons that overlap
	Outside    []string // elements that extend beyond the window
	Bars       []bar
}

// A bar is a bar as displayed, with positions in percent of its width.
type bar struct {
	Label     string
	Width     float64
	Left, Now float64
	Next      *float64
	Color     string
}

// A view is what a browser displayed of a page.
type view struct {
	layout
	URL         string
	Width       int
	ColorScheme string
	Status      int
	// What the page tried to do other than being displayed, and what the policy blocked.
	Noise      []string
	Opened     layout // the layout with all long errors expanded
	Roles      string
	Same       bool     // whether it looks the same without JavaScript
	Complaints []string // complaints of axe
}

// look opens pages in Chromium: in dark mode at 360 pixels wide, and in light mode at 1280.
func look(t *testing.T, folder string, urls ...string) (views []view) {
	t.Helper()
	browser := chromium(t)
	if _, err := os.Stat(filepath.Join(npmFolder, "node_modules", "playwright-core")); err != nil {
		missing(t, "the npm packages are not installed: run npm ci in integrations/npm")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "there is no Node.js on this machine")
	}
	cmd := exec.CommandContext(t.Context(), node, append([]string{"statusz.mjs", browser, folder}, urls...)...)
	cmd.Dir = npmFolder
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	require.NoError(t, json.Unmarshal(out, &views))
	require.Len(t, views, 2*len(urls))
	return views
}

// stage serves answers recorded in virtual time to a browser, which runs in real time.
func stage(t *testing.T, answers map[string]*httptest.ResponseRecorder) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	return server
}

func TestPageInABrowser(t *testing.T) {
	folder := artifacts(t)
	chromium(t)
	answers := map[string]*httptest.ResponseRecorder{}
	for name, scene := range scenes {
		answers[name] = played(t, scene)
	}
	server := stage(t, answers)
	var urls []string
	for name := range answers {
		urls = append(urls, server.URL+"/"+url.PathEscape(name))
	}
	slices.Sort(urls)
	for _, v := range look(t, folder, urls...) {
		name, err := url.PathUnescape(filepath.Base(v.URL))
		require.NoError(t, err)
		t.Run(fmt.Sprintf("%s, %d pixels, %s", name, v.Width, v.ColorScheme), func(t *testing.T) {
			requireGood(t, v)
			require.True(t, v.Same, "without JavaScript it looks otherwise")
			if expected, ok := barsOf[name]; ok {
				require.Len(t, v.Bars, expected)
			}
		})
	}
}

// barsOf is the number of bars in each scene.
var barsOf = map[string]int{
	"healthy": 4, "some refreshes fail": 4, "outage": 4, "after all cover": 3, "three hundred resources": 300, "not in use": 1, "agent": 3,
	"a verifier of two tenants": 1, "fresh start": 0, "closed": 0, "nothing": 0, "strangers' texts": 2,
}

// requireGood requires what every page must have.
func requireGood(t *testing.T, v view) {
	t.Helper()
	require.Equal(t, http.StatusOK, v.Status)
	require.Empty(t, v.Noise)
	require.Equal(t, map[string]string{"light": "rgb(244, 246, 248)", "dark": "rgb(14, 18, 22)"}[v.ColorScheme], v.Background)
	for _, l := range []layout{v.layout, v.Opened} {
		require.LessOrEqual(t, l.Sideways, 0)
		require.Empty(t, l.Outside)
		require.Empty(t, l.Overlaps)
	}
	require.Empty(t, v.Complaints)
	for _, b := range v.Bars {
		require.Greater(t, b.Width, 0.75*float64(min(v.Width, 1080)))
		require.InDelta(t, 100, b.Left+b.Now, 0.5, "what is left begins now")
		require.NotEmpty(t, b.Label)
		if b.Next != nil {
			require.GreaterOrEqual(t, *b.Next, b.Now-0.5)
			require.LessOrEqual(t, *b.Next, 100.5)
		}
	}
	require.Contains(t, v.Roles, "- banner")
	require.Contains(t, v.Roles, "- main")
	require.Equal(t, 1, strings.Count(v.Roles, "[level=1]"))
	require.Equal(t, len(v.Bars), strings.Count(v.Roles, "- img "))
}
