package hosts

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Request is what a source is asked for.
type Request struct {
	// Resource is the App ID URI of the service, never with "/.default".
	Resource string
	// Tenant is the tenant of the token, "" for the source's own. A managed identity has only one.
	Tenant string
	// CAE asks for a token for continuous access evaluation, if the source supports it.
	CAE bool
	// Claims are the decoded claims of a claims challenge, "" for none.
	Claims string
	// RejectedSHA256 is the lower-case hex SHA-256 of the token that the challenge rejected, "" if
	// it is unknown.
	RejectedSHA256 string
}

// Source asks a place for tokens. It tries once: the client has the cache and the retries. Its
// failures are [*wire.Failure], except for those of a credential behind [FromCredential].
type Source interface {
	Token(ctx context.Context, r Request) (azcore.AccessToken, error)
	// Close drops idle connections.
	Close()
}
