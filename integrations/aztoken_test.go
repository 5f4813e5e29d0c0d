package integrations_test

import (
	"runtime"
	"slices"
	"testing"
)

// ours is this project's library. It must do what the third-party libraries do.
var ours = library{
	name:  "aztoken",
	token: aztokenToken,
	hosts: append(slices.Clone(hosts), imdsElsewhere, containerInstances, identityBinding),
}

func aztokenToken(t *testing.T, at site, resource string, k kind, id string) (string, error) {
	t.Helper()
	if at.host.name == workloadIdentity.name && (runtime.GOOS == "darwin" || runtime.GOOS == "windows") {
		t.Skip("Go does not read SSL_CERT_FILE here, so that the program cannot trust the fake")
	}
	environ := append(at.env.Environ(), "SSL_CERT_FILE="+at.srv.CertificateFile())
	return runChild(t, environ, want{resource, k, id})
}

func TestAztokenGetsTheTokenThatItAsksFor(t *testing.T) {
	getWhatTheyAskFor(t, ours)
}

func TestAnIdentityThatAztokenDoesNotFindIsAnError(t *testing.T) {
	askForStrangers(t, ours)
}

func TestAztokenWithAWrongSecretGetsNothing(t *testing.T) {
	tryWrongSecrets(t, ours)
}
