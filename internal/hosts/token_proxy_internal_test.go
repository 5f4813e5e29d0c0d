package hosts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseTokenProxy(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://kubernetes.default.svc.cluster.local":      "",
		"https://10.0.0.1:443/prefix/":                      "",
		"https://[fd00::1]:443":                             "",
		"HTTPS://kubernetes.default":                        "",
		"http://kubernetes.default":                         "https://",
		"kubernetes.default":                                "https://",
		"ftp://kubernetes.default":                          "https://",
		"https://":                                          "host",
		"https:///prefix":                                   "host",
		"https://:443/prefix":                               "host",
		"https:kubernetes.default":                          "host",
		"https://user@kubernetes.default":                   "user",
		"https://user:s3cr3t@kubernetes.default":            "user",
		"https://kubernetes.default?a=s3cr3t":               "query",
		"https://kubernetes.default?":                       "query",
		"https://kubernetes.default#f":                      "fragment",
		"https://kubernetes.default#":                       "fragment",
		"https://kubernetes.default\n":                      "not a URL",
		" https://kubernetes.default":                       "not a URL",
		"https://kubernetes default":                        "not a URL",
		"https://kubernetes.default:port":                   "not a URL",
		"https://kubernetes.default:443/%zz":                "not a URL",
		"https://kubernetes.default.svc:443/a%2fb/../c;d=e": "",
	} {
		_, problem := parseTokenProxy(address)
		if want == "" {
			require.Empty(t, problem, address)
			continue
		}
		require.Contains(t, problem, want, address)
		require.NotContains(t, hidePassword(address), "s3cr3t")
	}
}

func TestIsServerName(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"abc.ests.aks", "localhost", "a-b.c_d.example", strings.Repeat("a", 63) + ".aks"} {
		require.True(t, isServerName(good), good)
	}
	for _, bad := range []string{"", ".", "a..b", "abc.ests.aks.", "abc.ests.aks:443", "https://abc", "a b", "abc\n", "10.0.0.1", "::1", "*.aks",
		strings.Repeat("a", 64) + ".aks", strings.Repeat("a.", 130) + "aks"} {
		require.False(t, isServerName(bad), bad)
	}
}
