package integrations_test

import (
	"crypto/rand"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A library is a client, as it is published.
type library struct {
	name string
	// token gets one on the host that env describes. A blank id is none.
	token func(t *testing.T, at site, resource string, k kind, id string) (string, error)
	hosts []host
	// need skips a test where the library is not there; nil: it always is.
	need func(t *testing.T)
	// deaf says why a host's token is for whatever identity the host likes, though the program
	// named one by such an id; nil: nowhere.
	deaf func(host, kind) string
	// refuses says why the library asks for no token by such an id, though the host knows it; nil:
	// nowhere.
	refuses func(host, kind) string
	// process tells that it runs in this process, with its environment, so that there can be but
	// one at a time.
	process bool
}

var libraries = []library{
	{name: "azidentity", token: azidentityToken, hosts: append(slices.Clone(hosts), identityBinding), process: true},
	{name: "MSAL Go", token: msalToken, hosts: hosts, process: true},
	{name: "@azure/identity", token: script("azure-identity.mjs"), need: needNode, hosts: append(slices.Clone(hosts), imdsElsewhere, identityBinding)},
	{name: "@azure/msal-node", deaf: msalNodeDeaf, token: script("msal-node.mjs"), need: needNode, hosts: append(slices.Clone(hosts), imdsElsewhere)},
	{name: "azure-identity", deaf: pythonDeaf, refuses: pythonRefuses, token: pythonToken, need: needPython, hosts: append(slices.Clone(hosts), imdsElsewhere)},
}

func TestLibrariesGetTheTokenThatTheyAskFor(t *testing.T) {
	for _, l := range libraries {
		getWhatTheyAskFor(t, l)
	}
}

func TestAnIdentityThatIsNotThereIsAnError(t *testing.T) {
	for _, l := range libraries {
		askForStrangers(t, l)
	}
}

func TestAWrongSecretGetsNothing(t *testing.T) {
	for _, l := range libraries {
		tryWrongSecrets(t, l)
	}
}

// getWhatTheyAskFor asks for an identity by every kind of id that the host knows.
func getWhatTheyAskFor(t *testing.T, l library) {
	everywhere(t, l, func(t *testing.T, at site) {
		for _, k := range at.host.kinds {
			l.run(t, string(k), func(t *testing.T) {
				resource := resourceOf(t)
				token, err := l.token(t, at, resource, k, k.id(orders))
				if l.refusing(at.host, k) != "" {
					require.Error(t, err)
					require.Empty(t, at.requests(resource))
					t.Skip(l.refusing(at.host, k))
				}
				require.NoError(t, err)
				requireToken(t, at.srv, token, resource, at.host.expected(at.env, k))
				for _, r := range at.requests(resource) {
					require.Equal(t, at.host.name, r.Host, "%v", r)
				}
			})
		}
	})
}

// askForStrangers asks for an identity that the machine does not have, by every kind of id, also
// those that the host does not know.
func askForStrangers(t *testing.T, l library) {
	everywhere(t, l, func(t *testing.T, at site) {
		for _, k := range kinds[1:] {
			if at.host.isPod() && k != byClientID {
				continue // there are no options for these
			}
			l.run(t, string(k), func(t *testing.T) {
				if l.deaf != nil && l.deaf(at.host, k) != "" {
					t.Skip(l.deaf(at.host, k))
				}
				resource := resourceOf(t)
				_, err := l.token(t, at, resource, k, stranger(k))
				require.Error(t, err)
				if slices.Contains(at.host.kinds, k) && l.refusing(at.host, k) == "" {
					at.requireRefused(t, resource)
				} else {
					require.Empty(t, at.requests(resource), "the host was asked for an identity by an id that it does not know")
				}
			})
		}
	})
}

// tryWrongSecrets asks with something that is not what the host knows its own programs by.
func tryWrongSecrets(t *testing.T, l library) {
	everywhere(t, l, func(t *testing.T, at site) {
		wrong, ok := at.withWrongSecret(t)
		if !ok {
			t.Skip("this host knows its programs by nothing that is in the environment")
		}
		resource := resourceOf(t)
		_, err := l.token(t, wrong, resource, byDefault, "")
		require.Error(t, err)
		at.requireRefused(t, resource)
	})
}

func (at site) withWrongSecret(t *testing.T) (wrong site, ok bool) {
	t.Helper()
	wrong, wrong.env = at, maps.Clone(at.env)
	switch at.host.name {
	case "App Service", containerInstances.name, "Service Fabric":
		wrong.env["IDENTITY_HEADER"] = "wrong"
	case "Azure ML":
		wrong.env["MSI_SECRET"] = "wrong"
	case workloadIdentity.name, identityBinding.name:
		old, err := os.ReadFile(at.env.Get("AZURE_FEDERATED_TOKEN_FILE"))
		require.NoError(t, err)
		at.srv.RotateFederatedToken()
		file := filepath.Join(t.TempDir(), "token")
		require.NoError(t, os.WriteFile(file, old, 0o600))
		wrong.env["AZURE_FEDERATED_TOKEN_FILE"] = file
	default:
		return site{}, false
	}
	return wrong, true
}

// everywhere runs a test on each host of a library. Each has a fake to itself.
func everywhere(t *testing.T, l library, test func(t *testing.T, at site)) {
	for _, h := range l.hosts {
		t.Run(strings.TrimSuffix(l.name+"/"+h.name+" by "+h.found, " by "), func(t *testing.T) {
			if l.need != nil {
				l.need(t)
			}
			srv, env := h.start(t)
			test(t, site{h, srv, env})
		})
	}
}

// run runs a test at the same time as others where the library can have that.
func (l library) run(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		if !l.process {
			t.Parallel()
		}
		test(t)
	})
}

// resourceOf returns a resource that no other test has: MSAL's cache is that of the process.
func resourceOf(t *testing.T) string {
	t.Helper()
	return "https://" + strings.ToLower(rand.Text()) + ".example.com"
}

// refusing returns why the library asks for no token by such an id, or "".
func (l library) refusing(h host, k kind) string {
	if l.refuses == nil {
		return ""
	}
	return l.refuses(h, k)
}

func stranger(k kind) string {
	if k == byResourceID {
		return orders.ResourceID + "-no-more"
	}
	return "dead0000-0000-4000-8000-00000000dead"
}
