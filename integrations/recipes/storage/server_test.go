package storage_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/storage"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// account is a storage account of Azurite, over HTTPS.
type account struct {
	url  string
	http *http.Client
}

// startAzurite starts Microsoft's emulator. It checks the times, the issuer and the audience of a
// token, but not its signature or its identity.
func startAzurite(t *testing.T) account {
	t.Helper()
	program, err := filepath.Abs("npm/node_modules/azurite/dist/src/blob/main.js")
	require.NoError(t, err)
	if _, err := os.Stat(program); err != nil {
		testservice.Missing(t, "azurite", "needs Azurite: run npm ci in integrations/recipes/storage/npm")
	}
	if _, err := exec.LookPath("node"); err != nil {
		testservice.Missing(t, "azurite", "needs Node.js")
	}
	addr := testservice.FreeAddress(t)
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	certificate := recipetest.NewCertificate(t)
	server := exec.Command("node", program, "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--silent",
		"--oauth", "basic", "--cert", certificate.Chain, "--key", certificate.Key, "--blobHost", host, "--blobPort", port)
	server.Dir = t.TempDir()
	testservice.Start(t, server, addr)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: certificate.Roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return account{url: "https://" + addr + "/devstoreaccount1", http: &http.Client{Transport: transport}}
}

// connect returns a client made with the recipe that does not retry requests.
func (a account) connect(t *testing.T, tokens *aztoken.Client) *azblob.Client {
	t.Helper()
	opts := azblob.ClientOptions{}
	opts.Transport, opts.Retry = a.http, policy.RetryOptions{MaxRetries: -1}
	client, err := storage.NewClient(tokens, a.url, opts)
	require.NoError(t, err)
	return client
}
