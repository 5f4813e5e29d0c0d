package hosts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHTTPSBase(t *testing.T) {
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
		"https://kubernetes.default:99999/":                 "port",
		"https://kubernetes.default:0":                      "port",
		"https://kubernetes.default/ ":                      "not a URL",
		"https://kubernetes.default/a b":                    "not a URL",
		"https://kubernetes.default/\u00a0":                 "not a URL",
		"https://kubernetes.default\u200b/":                 "not a URL",
		"https://kubernetes.default/\x00":                   "not a URL",
		"https://kubernetes.default:":                       "",
		"https://kubernetes.default.svc:443/a%2fb/../c;d=e": "",
	} {
		_, problem := httpsBase(address)
		if want == "" {
			require.Empty(t, problem, address)
			continue
		}
		require.Contains(t, problem, want, address)
		require.NotContains(t, hidePassword(address), "s3cr3t")
	}
}

// An error quotes what the user has to correct, but nothing that may be a secret.
func TestHidePath(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                                  `""`,
		"login.microsoftonline.com":         `"login.microsoftonline.com"`,
		"login.microsoftonline.com/s3cr3t":  `"login.microsoftonline.com/…"`,
		"http://login.microsoftonline.com/": `"http://login.microsoftonline.com/"`,
		"https://login.microsoftonline.com/s3cr3t": `"https://login.microsoftonline.com/…"`,
		"https:///s3cr3t":                          `"https:///…"`,
		"https://u:s3cr3t@login":                   `"…@login"`,
		"https://u:s3c@r3t@login":                  `"…@login"`,
		"https://u:s3/cr3t@login/s3cr3t":           `"…@login/…"`,
		"https://login?s3cr3t":                     `"https://login?…"`,
		"https://login#s3cr3t@":                    `"…@"`,
		"https://login\n":                          `"https://login\n"`,
	} {
		require.Equal(t, want, hidePath(address), address)
	}
}
