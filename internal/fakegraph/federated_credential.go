package fakegraph

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// FederatedCredential is one of an application's, as readers see it.
type FederatedCredential struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Issuer      string   `json:"issuer"`
	Subject     string   `json:"subject"`
	Description *string  `json:"description"`
	Audiences   []string `json:"audiences"`
}

// AddFederatedCredential adds a credential to an application, by its object id, as it is: one that
// was there before. One without a subject matches by an expression.
func (s *Server) AddFederatedCredential(application string, f FederatedCredential) FederatedCredential {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.ID = s.newID("fc")
	app := s.application(by("id", application))
	app.credentials.write(append(slices.Clone(app.credentials.latest()), f), moment{})
	return f
}

// FederatedCredentials returns those of an application, by its object id, as they were written
// last.
func (s *Server) FederatedCredentials(application string) []FederatedCredential {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.application(by("id", application)).credentials.latest())
}

func (x exchange) listCredentials(id string) answer {
	app := x.visible(id)
	switch {
	case app == nil:
		return absent(id)
	case x.query.Has("$filter"):
		return badRequest("fakegraph does not know $filter of federatedIdentityCredentials")
	}
	all, _ := app.credentials.seen(x.moment)
	a := listed(x, all)
	a.broken = slices.ContainsFunc(all, func(f FederatedCredential) bool { return f.Subject == "" })
	return a
}

// maxCredentials is how many an application can have.
const maxCredentials = 20

// credentialName is what a name may be.
//
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations#errors
var credentialName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$`)

func (x exchange) addCredential(id string) answer {
	app := x.visible(id)
	if app == nil {
		return absent(id)
	}
	var f FederatedCredential
	if err := json.Unmarshal(x.body, &f); err != nil {
		return badRequest("Unable to read JSON request payload.")
	}
	all := app.credentials.latest()
	if refusal, bad := badCredential(all, f); bad {
		return refusal
	}
	f.ID = x.newID("fc")
	app.credentials.write(append(slices.Clone(all), f), x.after(x.lags.FederatedCredentials))
	return created(f)
}

// badCredential refuses a credential that conflicts with the others of its application. It does not
// check that the subject exists: that shows only when a token is exchanged.
func badCredential(all []FederatedCredential, f FederatedCredential) (answer, bool) {
	invalid := func(format string, a ...any) (answer, bool) {
		return problem(http.StatusBadRequest, "InvalidFederatedIdentityCredentialValue", format, a...), true
	}
	switch {
	case f.Name == "", f.Issuer == "", f.Subject == "":
		return invalid("Federated Identity Credential from HTTP body has empty properties")
	case len(f.Audiences) != 1:
		return invalid("Federated identity credentials must have exactly one audience.")
	case !credentialName.MatchString(f.Name):
		return invalid("Federated Identity Credential name '%s' is invalid.", f.Name)
	case len(f.Issuer) > 600 || len(f.Subject) > 600 || len(f.Audiences[0]) > 600:
		// Graph's actual text is not known.
		return invalid("A property of the federated identity credential is longer than 600 characters.")
	}
	for _, other := range all {
		switch {
		case strings.EqualFold(other.Name, f.Name):
			return problem(http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "FederatedIdentityCredential with name %s already exists.", f.Name), true
		case other.Issuer == f.Issuer && other.Subject == f.Subject:
			return invalid("The combination of issuer and subject must be unique for the application. Issuer %s and Subject: %s already exist. "+
				"paramName: FederatedIdentityCredential.Subject, paramValue: %s, objectType: Microsoft.Online.DirectoryServices.Application", f.Issuer, f.Subject, f.Subject)
		}
	}
	if len(all) >= maxCredentials {
		// This is the text for managed identities, as the one for applications is not known.
		return badRequest("Too many Federated Identity Credentials"), true
	}
	return answer{}, false
}

func (x exchange) removeCredential(id, credential string) answer {
	app := x.visible(id)
	if app == nil {
		return absent(id)
	}
	all := app.credentials.latest()
	left := slices.DeleteFunc(slices.Clone(all), func(f FederatedCredential) bool { return f.ID == credential || f.Name == credential })
	if len(left) == len(all) {
		return absent(credential)
	}
	app.credentials.write(left, x.after(x.lags.FederatedCredentials))
	return done()
}
