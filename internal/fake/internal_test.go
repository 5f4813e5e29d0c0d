package fake

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
)

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scheme, address, hostname, want string }{
		{"http", "127.0.0.1:8080", "", "http://127.0.0.1:8080"},
		{"http", "0.0.0.0:8080", "", "http://localhost:8080"},
		{"http", "[::]:80", "", "http://localhost"},
		{"http", "[::1]:80", "", "http://[::1]"},
		{"http", "169.254.169.254:80", "", "http://169.254.169.254"},
		{"https", "[::]:443", "imds", "https://imds"},
		{"https", "[::]:80", "imds", "https://imds:80"},
		{"http", "[::]:443", "", "http://localhost:443"},
		{"https", "127.0.0.1:1", "2001:db8::1", "https://[2001:db8::1]:1"},
	} {
		require.Equal(t, c.want, baseURL(c.scheme, c.address, c.hostname))
	}
}

func TestShellAssignments(t *testing.T) {
	t.Parallel()
	env := fakeazure.Environment{"B": "it's", "A": "$(x) \"y\""}
	for shell, want := range map[Shell]string{
		Sh:         "export A='$(x) \"y\"'\nexport B='it'\\''s'\n",
		PowerShell: "$env:A = '$(x) \"y\"'\n$env:B = 'it''s'\n",
		EnvFile:    "A=$(x) \"y\"\nB=it's\n",
	} {
		require.Equal(t, want, shell.Assignments(env))
	}
	require.Len(t, Shells(), 3)
}
