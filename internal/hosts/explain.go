package hosts

import (
	"errors"
	"net/http"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// explained returns err after explain has added to the failure in it what its host means by it.
func explained(err error, explain func(*wire.Failure)) error {
	var f *wire.Failure
	if errors.As(err, &f) {
		explain(f)
	}
	return err
}

// absentAdvice is what to do where nothing listens at the address that a variable names.
func absentAdvice(variable string) string {
	return "nothing answers at the address in $" + variable + ": unset it if it was copied from another machine; else the host's agent is not up yet, and calling again will do"
}

// explainOAuth explains the failures of IMDS and of the endpoints that are modelled on it.
//
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
func explainOAuth(f *wire.Failure) {
	explainLocal(f)
	switch {
	case f.StatusCode != http.StatusBadRequest:
	case strings.Contains(f.Description, "Identity not found"):
		f.Reason = wire.IdentityNotFound
	case strings.Contains(f.Description, "Multiple user assigned identities"):
		f.Reason = wire.IdentityAmbiguous
	}
}

// explainLocal explains the failures of every endpoint that is on this machine.
func explainLocal(f *wire.Failure) {
	if f.StatusCode == http.StatusForbidden && !f.JSON && f.Description != "" {
		f.Reason = wire.NoEndpoint // no identity endpoint says 403 in prose; Docker Desktop's proxy does
	}
}
