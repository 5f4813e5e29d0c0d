package extauth

import (
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestReadTarget(t *testing.T) {
	t.Parallel()
	t.Run("passes what can be read in one way", func(t *testing.T) {
		t.Parallel()
		for raw, want := range map[string]string{
			"/":                       "/",
			"/orders":                 "/orders",
			"/orders/":                "/orders/",
			"/orders/17?page=2":       "/orders/17",
			"/orders?":                "/orders",
			"/Orders":                 "/Orders",
			"/%6frders":               "/orders",
			"/%6Frders/%31":           "/orders/1",
			"/a%20b":                  "/a b",
			"/%20a":                   "/ a",
			"/stra%C3%9Fe":            "/straße",
			"/.well-known/x":          "/.well-known/x",
			"/a.b/c..d":               "/a.b/c..d",
			"/a+b&c=d:e@f,g!h*i'(j)~": "/a+b&c=d:e@f,g!h*i'(j)~",
			"/{x}|^`\"<>":             "/{x}|^`\"<>",
			// The query does not count, even if it looks like a path.
			"/orders?/../admin":        "/orders",
			"/orders?a=//b;c\\d%zz%2e": "/orders",
			"/orders??":                "/orders",
			"/orders?next=/public/":    "/orders",
		} {
			got, err := readTarget(raw)
			require.NoError(t, err, raw)
			require.Equal(t, target{path: want}, got, raw)
		}
	})
	t.Run("refuses what no rule may be lenient about", func(t *testing.T) {
		t.Parallel()
		for raw, want := range map[string]error{
			"":                  errTargetStart,
			"*":                 errTargetStart,
			"orders":            errTargetStart,
			"?/orders":          errTargetStart,
			"http://a/orders":   errTargetStart,
			"//a\x00":           errTargetByte,
			"/orders#":          errFragment,
			"/public#/../admin": errFragment,
			"/orders?a#b":       errFragment,
			"#/orders":          errTargetStart,
			"/a\\b":             errBackslash,
			"/..\\admin":        errBackslash,
			"\\admin":           errTargetStart,
			"/a b":              errTargetByte,
			"/a?b c":            errTargetByte,
			"/a\tb":             errTargetByte,
			"/a\x7f":            errTargetByte,
			"/stra\xc3\x9fe":    errTargetByte,
			"/a?\xff":           errTargetByte,
			"/a\r\nX: y":        errTargetByte,
			"/%":                errEscape,
			"/%4":               errEscape,
			"/%4g":              errEscape,
			"/%g4":              errEscape,
			"/%zz":              errEscape,
			"/%u0061":           errEscape,
			"/%%32%35":          errEscape,
			"/%+1":              errEscape,
			"/%ff":              errUTF8,
			"/%c0%ae%c0%ae/":    errUTF8, // an overlong dot
			"/%ed%a0%80":        errUTF8, // half of a pair
			"/%f4%90%80%80":     errUTF8,
			"/%00":              errControl,
			"/a%0d%0ab":         errControl,
			"/a%09":             errControl,
			"/a%7f":             errControl,
			"/%c2%85":           errControl,
			"/public%3F/admin":  errDelimiter,
			"/public%3f":        errDelimiter,
			"/a%23b":            errDelimiter,
			"/.":                errDots,
			"/..":               errDots,
			"/../admin":         errDots,
			"/public/../admin":  errDots,
			"/public/./admin":   errDots,
			"/public/.../admin": errDots,
			"/a./b":             errDots,
			"/a.":               errDots,
			"/%2e":              errDots,
			"/%2E%2e/admin":     errDots,
			"/.%2e/admin":       errDots,
			"/a%20":             errDots,
			"/a%20/b":           errDots,
			"/%20":              errDots,
			"/a.%20/b":          errDots,
			"/a%c2%a0":          errDots, // a space that is not ASCII
			"/a%e3%80%80/b":     errDots,
			// Encoded any number of times.
			"/%252e%252e/admin":         errDots,
			"/%252e":                    errDots,
			"/%25252e%25252e/admin":     errDots,
			"/%25%32%65%25%32%65/admin": errDots,
			"/..%2fadmin":               errDots,
			"/..%5cadmin":               errDots,
			"/..%252fadmin":             errDots,
			"/a%2f..%2fadmin":           errDots,
			"/a%5c%2e%2e":               errDots,
			"/%252e%252e%252fadmin":     errDots,
			"/..;/admin":                errDots,
			"/..;x=y/admin":             errDots,
			"/.;/admin":                 errDots,
			"/..%3b/admin":              errDots,
			"/..%253b/admin":            errDots,
			"/%2e%2e;/admin":            errDots,
			"/a%20;x/b":                 errDots,
			// A service that leaves an invalid escape as it is decodes this again.
			"/%252%2565%252%2565/a":   errDots,
			"/a%2500":                 errControl,
			"/a%25c2%2585b":           errControl,
			"/%25c0%25ae%25c0%25ae/a": errUTF8,
			"/%252525c0%252525af":     errUTF8,
		} {
			_, err := readTarget(raw)
			require.ErrorIs(t, err, want, "%q", raw)
		}
	})
	t.Run("says what a rule must be lenient about, and how it may be read", func(t *testing.T) {
		t.Parallel()
		for raw, want := range map[string]target{
			"//":                   {"//", doubleSlash, "/"},
			"//admin":              {"//admin", doubleSlash, "/admin"},
			"/public//admin":       {"/public//admin", doubleSlash, "/public/admin"},
			"/admin//":             {"/admin//", doubleSlash, "/admin/"},
			"/admin;x":             {"/admin;x", semicolon, "/admin"},
			"/admin;x=1;y=2/a":     {"/admin;x=1;y=2/a", semicolon, "/admin/a"},
			"/admin%3bx":           {"/admin;x", semicolon, "/admin"},
			"/files/;":             {"/files/;", semicolon, "/files/"},
			"/;/admin":             {"/;/admin", semicolon, "/admin"},
			"/;":                   {"/;", semicolon, "/"},
			"/files/;x":            {"/files/;x", semicolon, "/files/"},
			"/admin%2f":            {"/admin%2f", encodedSlash, "/admin/"},
			"/public%2Fadmin":      {"/public%2Fadmin", encodedSlash, "/public/admin"},
			"/%2fadmin":            {"/%2fadmin", encodedSlash, "/admin"},
			"/public%5Cadmin":      {"/public%5Cadmin", encodedSlash, "/public/admin"},
			"/100%25":              {"/100%25", encodedPercent, "/100%"},
			"/%2561dmin":           {"/%2561dmin", encodedPercent, "/admin"},
			"/%252525252561dmin":   {"/%252525252561dmin", encodedPercent, "/admin"},
			"/a%252fb":             {"/a%252fb", encodedPercent, "/a/b"},
			"/a%255cb":             {"/a%255cb", encodedPercent, "/a/b"},
			"/a%253bx":             {"/a%253bx", encodedPercent, "/a"},
			"//a;b%2Fc%25d":        {"//a;b%2Fc%25d", doubleSlash | semicolon | encodedSlash | encodedPercent, "/a/c%d"},
			"/a;b//c":              {"/a;b//c", doubleSlash | semicolon, "/a/c"},
			"/a%2Fb%3Bc":           {"/a%2Fb;c", encodedSlash | semicolon, "/a/b"},
			"/a%3Bb%25c%5C":        {"/a;b%25c%5C", encodedSlash | semicolon | encodedPercent, "/a/"},
			"/a%2F%25":             {"/a%2F%25", encodedSlash | encodedPercent, "/a/%"},
			"/%254g":               {"/%254g", encodedPercent, "/%4g"},
			"/100%25zz/%25":        {"/100%25zz/%25", encodedPercent, "/100%zz/%"},
			"/files/%25%36%31":     {"/files/%2561", encodedPercent, "/files/a"},
			"/files/x%2Fy?a=%2F//": {"/files/x%2Fy", encodedSlash, "/files/x/y"},
		} {
			got, err := readTarget(raw)
			require.NoError(t, err, raw)
			require.Equal(t, want, got, raw)
			require.Error(t, got.lacks(0), raw)
			require.NoError(t, got.lacks(want.odd), raw)
			for bit := encodedSlash; bit <= encodedPercent; bit <<= 1 {
				if want.odd&bit != 0 {
					require.Error(t, got.lacks(want.odd&^bit), raw)
				}
			}
		}
	})
	t.Run("refuses what is over 8 KiB", func(t *testing.T) {
		t.Parallel()
		_, err := readTarget("/" + strings.Repeat("a", 8191))
		require.NoError(t, err)
		_, err = readTarget("/?" + strings.Repeat("a", 8191))
		require.ErrorIs(t, err, errTargetLength)
	})
}

func TestFold(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/": "/", "/A": "/a", "/Z": "/z", "/admin": "/admin", "/Admin/": "/admin/", "/ADMIN//": "/admin//",
		"/admın": "/admin", "/ADMİN": "/admin", "/uſers": "/users", "/\u212aeys": "/keys", "/ÄÖÜ": "/äöü", "/Σς": "/σσ",
		"/paß": "/pass", "/PA\u1e9e": "/pass", "/pro\ufb01le": "/profile", "/o\ufb03ce/": "/office/", "/\ufb05a\ufb06": "/stast", "/\ufb00\ufb02\ufb04": "/ffflffl",
	} {
		require.Equal(t, want, fold(path), path)
		require.Equal(t, want, fold(fold(path)), path)
	}
}

// FuzzReadTarget checks that an accepted target has only one reading: no decoding, cleaning or
// cutting by a service turns it into another path.
func FuzzReadTarget(f *testing.F) {
	for _, seed := range []string{
		"/orders/17?x", "/..%2f", "/%252e%252e/admin", "//admin", "/admin;x", "/a%20", "/%c0%ae", "/stra%C3%9Fe", "/a\\b", "/a#b", "/%25%32%65", "/..;/a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := readTarget(raw)
		if err != nil {
			require.Zero(t, got)
			return
		}
		require.True(t, utf8.ValidString(got.path))
		require.False(t, strings.ContainsFunc(got.path, unicode.IsControl))
		require.Equal(t, got.odd == 0, got.furthest == "")
		readings := []string{got.path}
		if got.odd != 0 {
			require.Error(t, got.lacks(0))
			readings = append(readings, got.furthest)
			require.NotContains(t, got.furthest, "//")
			require.NotContains(t, got.furthest, ";")
			require.NotContains(t, got.furthest, "\\")
		}
		for _, reading := range readings {
			for _, segment := range strings.Split(reading, "/") {
				require.Equal(t, segment, strings.TrimRight(segment, ". "), "%q", raw)
			}
		}
		if got.odd == 0 {
			undecoded, _, _ := strings.Cut(raw, "?")
			once, err := url.PathUnescape(undecoded)
			require.NoError(t, err)
			require.Equal(t, once, got.path)
			require.NotContains(t, once, "%", "it decodes once")
			require.False(t, strings.ContainsAny(once, ";\\?#"), "%q", once)
			require.Equal(t, path.Clean(once), strings.TrimSuffix(once, "/")+map[bool]string{true: "/"}[once == "/"], "%q", once)
		}
	})
}
