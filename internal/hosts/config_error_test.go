package hosts_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

func TestConfigError(t *testing.T) {
	t.Parallel()
	full := &hosts.ConfigError{Field: hosts.FieldID, Problem: "empty", Fix: "set it", Host: "IMDS: because"}
	t.Run("names the option", func(t *testing.T) {
		t.Parallel()
		require.EqualError(t, full, "Options.ID: empty (the host is IMDS: because); set it")
	})
	t.Run("names a flag in its place", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "--client-id: empty (the host is IMDS: because)", full.Facts("--client-id"))
	})
	t.Run("names a variable as it is", func(t *testing.T) {
		t.Parallel()
		err := &hosts.ConfigError{Field: "$MSI_ENDPOINT", Problem: "not a URL."}
		require.EqualError(t, err, "$MSI_ENDPOINT: not a URL")
	})
	t.Run("has a cause", func(t *testing.T) {
		t.Parallel()
		cause := errors.New("pinned")
		err := &hosts.ConfigError{Field: hosts.FieldClientOptions, Err: cause}
		require.EqualError(t, err, "Options.ClientOptions: pinned")
		require.ErrorIs(t, err, cause)
	})
}
