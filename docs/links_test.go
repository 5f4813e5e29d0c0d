package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/pages"
)

// Links inside the repository must lead to existing files and headings.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	root, all := users(t)
	for _, name := range []string{"bench/README.md", "bench/outage/README.md", "soak/README.md", "integrations/README.md", "integrations/recipes/README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"} {
		if p, err := pages.Read(root, name); err == nil {
			all = append(all, p)
		}
	}
	links := 0
	for _, p := range all {
		for _, l := range p.Links() {
			if strings.Contains(l.Target, "://") || strings.HasPrefix(l.Target, "mailto:") {
				continue
			}
			links++
			file, anchor, has := strings.Cut(l.Target, "#")
			if file == "" {
				file = path.Base(p.Name)
			}
			name := path.Join(path.Dir(p.Name), file)
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
				t.Errorf("%s: there is no %s", l.Where(), name)
				continue
			}
			if !has || !strings.HasSuffix(name, ".md") {
				continue
			}
			target, err := pages.Read(root, name)
			require.NoError(t, err)
			if !target.Anchors()[anchor] {
				t.Errorf("%s: %s has no heading #%s", l.Where(), name, anchor)
			}
		}
	}
	require.Greater(t, links, 20)
}
