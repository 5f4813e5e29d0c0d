package aztoken

import (
	"context"
	"fmt"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// RPCCredentials puts a token on every call of a gRPC connection. It has the methods of gRPC's
// credentials.PerRPCCredentials and so serves as an argument of grpc.WithPerRPCCredentials.
type RPCCredentials struct {
	client   *Client
	resource string
}

// PerRPCCredentials returns credentials for gRPC that send tokens for resource, over TLS only.
func (c *Client) PerRPCCredentials(resource string) RPCCredentials {
	return RPCCredentials{client: c, resource: resource}
}

// GetRequestMetadata gives the authorization metadata of one call; gRPC calls it.
func (r RPCCredentials) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	h, err := r.client.token(ctx, request{resource: hosts.TrimScope(r.resource)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + h.token.Value()}, nil
}

// Format writes the resource, for every verb.
func (r RPCCredentials) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "aztoken.RPCCredentials(%s)", r.resource)
}

// RequireTransportSecurity is true: gRPC refuses to send the token without TLS.
func (RPCCredentials) RequireTransportSecurity() bool { return true }
