package world

import (
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/seed-ac726066/aztoken/soak/rules"
	"github.com/seed-ac726066/aztoken/verify"
)

// verifier is a verify.Verifier from its start to its end, and what was observed of it from
// outside. Package verify is used only here.
type verifier struct {
	*environment
	*verify.Verifier
	saved *savedKeys

	// mu guards the fields below. Only the locks of savedKeys and journal are taken while holding
	// it.
	mu       sync.Mutex
	closing  bool // Close has been called, or is about to be
	view     rules.Keyview
	fetches  rules.Fetches
	keys     map[string]bool // the keys of the last key document
	document string          // the last key document; most fetches return the same
}

func newVerifier(e *environment, saved *savedKeys) (*verifier, error) {
	v := &verifier{environment: e, saved: saved, view: saved.read()}
	var entra http.RoundTripper = roundTripFunc(v.askEntra)
	if e.breakage.entra != nil {
		entra = e.breakage.entra(entra)
	}
	var err error
	v.Verifier, err = verify.New(&verify.Options{
		Audiences: []string{orders}, Tenants: []string{e.cloud.tenant()}, Authority: e.network.entraURL,
		HTTPClient: &http.Client{Transport: entra}, KeyFile: saved.path, Logger: e.logger, OnEvent: v.onEvent,
	})
	return v, err
}

// handler returns the service, which answers with the caller's object id.
func (v *verifier) handler() http.Handler {
	return v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verify.FromContext(r.Context())
		_, _ = io.WriteString(w, claims.ObjectID)
	}), verify.Role(role))
}

// onEvent checks an event for secrets.
func (v *verifier) onEvent(e verify.Event) {
	where := "an event " + string(e.Kind) + " of the verifier"
	v.journal.report(rules.Secrets(where, fmt.Sprintf("%+v %#v", e, e)))
	v.journal.report(rules.SecretsOfError(where, e.Err))
}

// ends records that Close is about to be called.
func (v *verifier) ends() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closing = true
}

// knows returns the keys that the verifier must know, and whether it is closing.
func (v *verifier) knows() (view rules.Keyview, closing bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.view, v.closing
}
