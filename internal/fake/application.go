package fake

import (
	"fmt"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/federation"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/platform"
	"github.com/seed-ac726066/aztoken/internal/guid"
)

// Application is an app registration of the tenant. Omitted fields have the defaults of
// platform.Application.
type Application struct {
	ClientID string              `yaml:"client_id"`
	ObjectID string              `yaml:"object_id"`
	Roles    map[string][]string `yaml:"roles"` // by resource
	// FederatedCredentials say whose tokens it trusts. Omitted means those of the machine's default
	// identity, [] means none.
	FederatedCredentials []FederatedCredential `yaml:"federated_credentials"`
	// Tenants are further tenants in which the application is installed.
	Tenants       []string `yaml:"tenants"`
	TokenLifetime Duration `yaml:"token_lifetime"`
}

// FederatedCredential says whose tokens an application trusts. Omitted fields are those of the
// machine's default identity.
type FederatedCredential struct {
	Issuer   string `yaml:"issuer"`
	Subject  string `yaml:"subject"`
	Audience string `yaml:"audience"`
}

func (a Application) check() error {
	if err := checkIDs(a.ClientID, a.ObjectID); err != nil {
		return err
	}
	for _, tenant := range a.Tenants {
		if !guid.Is(tenant) {
			return fmt.Errorf("the tenant %q is not a GUID; set it to one, or leave it out", tenant)
		}
	}
	if life := time.Duration(a.TokenLifetime); life != 0 && life < time.Second {
		return fmt.Errorf("the token lifetime is %v; set it to at least 1s", life)
	}
	return nil
}

func (a Application) engine() platform.Application {
	app := platform.Application{
		ClientID: a.ClientID, ObjectID: a.ObjectID, Roles: a.Roles, Tenants: a.Tenants,
		TokenLifetime: time.Duration(a.TokenLifetime),
	}
	if a.FederatedCredentials != nil {
		app.Credentials = []federation.Credential{}
	}
	for _, c := range a.FederatedCredentials {
		app.Credentials = append(app.Credentials, federation.Credential(c))
	}
	return app
}
