package aztoken_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// This test listens to azcore's global log and so runs alone.
func TestNoSecretOfAnyHostReachesTheRequestLog(t *testing.T) {
	var mu sync.Mutex
	var log strings.Builder
	azlog.SetListener(func(_ azlog.Event, message string) {
		mu.Lock()
		defer mu.Unlock()
		log.WriteString(message)
	})
	defer azlog.SetListener(nil)
	for _, p := range platforms {
		m := p.machine(t, twoIdentities)
		opts := aztoken.Options{}
		opts.Logging.IncludeBody = true
		opts.Logging.AllowedHeaders = []string{"Metadata", "Secret", "X-Identity-Header", "Authorization"}
		opts.Logging.AllowedQueryParams = []string{"client_assertion", "token_sha256_to_refresh", "xms_cc"}
		c, err := m.client(t, opts)
		require.NoError(t, err)
		m.Next(imdstest.Redirect("http://thief.test/"))
		_, err = c.Token(t.Context(), resource)
		require.Error(t, err)
		tok, err := c.Token(t.Context(), resource+"/other")
		require.NoError(t, err)
		mu.Lock()
		seen := log.String()
		log.Reset()
		mu.Unlock()
		require.Contains(t, seen, "http", "the log works")
		m.requireNoSecret(t, seen)
		require.NotContains(t, seen, tok.Value())
		if file := m.env["AZURE_FEDERATED_TOKEN_FILE"]; file != "" {
			assertion, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NotContains(t, seen, string(assertion))
		}
		for _, r := range m.Requests() {
			require.NotEqual(t, "/", r.Path, "the redirect was followed")
		}
	}
}
