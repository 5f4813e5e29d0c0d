package rabbitmq_test

import (
	"crypto/tls"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// resource is the client id of the broker's application, as in rabbitmq.conf. Version 2 tokens have
// it as their audience, whichever form of the resource was requested. The fake uses the requested
// resource.
const resource = "c1000000-0000-4000-8000-000000000001"

// rights are the permissions of the known identity, as roles of that application.
var rights = map[string][]string{resource: {
	resource + ".configure:*/orders-*", resource + ".write:*/orders-*", resource + ".read:*/orders-*", resource + ".write:*/amq.default",
}}

// startBroker starts a separate RabbitMQ node that accepts the tokens of azure, and returns its
// URL.
func startBroker(t *testing.T, azure *imdstest.Server) (url string) {
	t.Helper()
	// Not the program on PATH, which is for the machine's own node.
	const program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	if _, err := os.Stat(program); err != nil {
		testservice.Missing(t, "rabbitmq", "there is no RabbitMQ of Debian's on this machine")
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		return file
	}
	certificate := recipetest.NewCertificate(t)
	entra := httptest.NewUnstartedServer(azure)
	pair, err := tls.LoadX509KeyPair(certificate.Chain, certificate.Key)
	require.NoError(t, err)
	entra.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	entra.StartTLS()
	t.Cleanup(entra.Close)
	_, entraPort, err := net.SplitHostPort(entra.Listener.Addr().String())
	require.NoError(t, err)

	addr := testservice.FreeAddress(t)
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	recipe, err := os.ReadFile("rabbitmq.conf")
	require.NoError(t, err)
	settings := write("rabbitmq.conf", "listeners.tcp.1 = "+addr+"\n"+strings.NewReplacer(
		"https://login.microsoftonline.com", "https://localhost:"+entraPort, "/etc/ssl/certs/ca-certificates.crt", certificate.Root,
	).Replace(string(recipe)))

	node := exec.Command(program)
	node.Dir = dir // for crash dumps
	epmd := testservice.FreePort(t)
	node.Env = append(os.Environ(),
		"HOME="+dir, "ERL_EPMD_PORT="+epmd, "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=recipe-"+port+"@localhost", "RABBITMQ_NODE_PORT="+port, "RABBITMQ_DIST_PORT="+testservice.FreePort(t),
		"RABBITMQ_MNESIA_BASE="+filepath.Join(dir, "data"), "RABBITMQ_LOG_BASE="+filepath.Join(dir, "log"),
		"RABBITMQ_PID_FILE="+filepath.Join(dir, "pid"), "RABBITMQ_CONF_ENV_FILE=/dev/null", "RABBITMQ_CONFIG_FILE="+settings,
		"RABBITMQ_ENABLED_PLUGINS_FILE="+write("enabled_plugins", "[rabbitmq_auth_backend_oauth2].\n"),
		// A channel checks the token's expiry at this interval, in ms.
		"RABBITMQ_ADVANCED_CONFIG_FILE="+write("advanced.config", "[{rabbit, [{channel_tick_interval, 1000}]}].\n"))
	t.Cleanup(func() { // runs after the node has stopped; the node started epmd
		kill := exec.Command("epmd", "-kill")
		kill.Env = append(os.Environ(), "ERL_EPMD_PORT="+epmd)
		_ = kill.Run()
	})
	testservice.Start(t, node, addr)
	return "amqp://" + addr
}
