package statuspage

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// palettes returns the colors of the light and of the dark page, by name.
func palettes(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(style, -1)
	require.Len(t, blocks, 2)
	var all []map[string]string
	for _, b := range blocks {
		colors := map[string]string{}
		for _, c := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(b[1], -1) {
			colors[c[1]] = c[2]
		}
		require.Len(t, colors, strings.Count(b[1], "--"), "all are written as #rrggbb")
		all = append(all, colors)
	}
	return all[0], all[1]
}

// contrast is that of WCAG 2.2: from 1 to 21.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(color string) float64 {
		var c [3]int
		_, err := fmt.Sscanf(color, "#%02x%02x%02x", &c[0], &c[1], &c[2])
		require.NoError(t, err, color)
		var l float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v := float64(c[i]) / 255
			if v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			l += weight * v
		}
		return l
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 21, contrast(t, "#000000", "#ffffff"), 0.01)
	require.InDelta(t, 4.54, contrast(t, "#767676", "#ffffff"), 0.01)
}

// The minimum contrasts are those of WCAG 2.2, level AA: 4.5 for text (1.4.3), 3 for the parts of a
// graphic that carry meaning (1.4.11).
func TestPalettes(t *testing.T) {
	t.Parallel()
	light, dark := palettes(t)
	require.ElementsMatch(t, slices.Collect(maps.Keys(light)), slices.Collect(maps.Keys(dark)))
	for _, used := range regexp.MustCompile(`var\(--([a-z-]+)\)`).FindAllStringSubmatch(style, -1) {
		require.Contains(t, light, used[1])
	}
	least := func(want float64, on string, names ...string) {
		t.Helper()
		for _, name := range names {
			for kind, p := range map[string]map[string]string{"light": light, "dark": dark} {
				require.GreaterOrEqual(t, contrast(t, p[name], p[on]), want, "%s on %s, %s", name, on, kind)
			}
		}
	}
	least(4.5, "page", "text", "muted")
	least(4.5, "card", "text", "muted", "ok", "warning", "critical")
	least(3, "card", "ok-bar", "warning-bar", "critical-bar", "frame", "now")
	least(3, "used", "ok-bar", "warning-bar", "critical-bar", "now")
	least(3, "page", "ok-bar", "warning-bar", "critical-bar", "frame", "now")
}
