package integrations_test

import (
	"bufio"
	"bytes"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// identityBinding is AKS with an identity binding. The clients must be told to use its proxy; those
// of MSAL do not support it.
var identityBinding = func() host {
	h := onSocket("identity binding", (*imdstest.Server).IdentityBinding, []kind{byDefault, byClientID})
	h.unnamed = "AZURE_CLIENT_ID"
	return h
}()

// isPod reports whether a program authenticates with a federated token.
func (h host) isPod() bool { return h.name == workloadIdentity.name || h.name == identityBinding.name }

// The azidentity credential keeps working when the cluster changes its certificate authority.
func TestAzidentityFollowsTheProxysAuthority(t *testing.T) {
	srv, env := identityBinding.start(t)
	env.Setenv(t)
	credential, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{EnableAzureProxy: true})
	require.NoError(t, err)
	get := func() {
		t.Helper()
		resource := resourceOf(t)
		token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}})
		require.NoError(t, err)
		requireToken(t, srv, token.Token, resource, system)
	}
	get()
	before := srv.TokenProxy().CA()
	srv.TokenProxy().RotateCA()
	require.NotEqual(t, before, srv.TokenProxy().CA())
	get()
	srv.TokenProxy().WriteCA([]byte{})
	get()
}

// Without the switch azidentity sends the pod's token to Entra, as its users report.
func TestAzidentityWithoutTheSwitchGoesPastTheProxy(t *testing.T) {
	srv, env := identityBinding.start(t)
	env.Setenv(t)
	opts := &azidentity.WorkloadIdentityCredentialOptions{DisableInstanceDiscovery: true}
	opts.Transport = srv.Client()
	credential, err := azidentity.NewWorkloadIdentityCredential(opts)
	require.NoError(t, err)
	resource := resourceOf(t)
	_, err = credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}})
	require.ErrorContains(t, err, "AADSTS700212")
	for _, r := range (site{identityBinding, srv, env}).requests(resource) {
		require.Equal(t, workloadIdentity.name, r.Host)
	}
}

// The @azure/identity credential keeps working when the cluster changes its certificate authority.
func TestAzureIdentityForJavaScriptFollowsTheProxysAuthority(t *testing.T) {
	needNode(t)
	srv, env := identityBinding.start(t)
	resources := []string{resourceOf(t), resourceOf(t), resourceOf(t)}
	node := exec.CommandContext(t.Context(), "node", append([]string{"azure-identity-twice.mjs"}, resources...)...)
	// So Node.js has no root that would make it trust the fake elsewhere.
	node.Dir, node.Env = npmFolder, env.Environ()
	var said bytes.Buffer
	node.Stderr = &said
	in, err := node.StdinPipe()
	require.NoError(t, err)
	out, err := node.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, node.Start())
	lines := bufio.NewReader(out)
	for i, change := range []func(){srv.TokenProxy().RotateCA, func() { srv.TokenProxy().WriteCA([]byte{}) }, func() {}} {
		token, err := lines.ReadString('\n')
		require.NoError(t, err, &said)
		requireToken(t, srv, strings.TrimSuffix(token, "\n"), resources[i], system)
		change()
		_, err = io.WriteString(in, "go on\n")
		require.NoError(t, err)
	}
	require.NoError(t, in.Close())
	require.NoError(t, node.Wait(), &said)
}
