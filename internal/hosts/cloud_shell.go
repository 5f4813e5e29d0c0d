package hosts

import (
	"context"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// newCloudShell is Azure Cloud Shell, whose tokens are those of the person who signed in.
//
// https://learn.microsoft.com/azure/cloud-shell/msi-authorization
func newCloudShell(cfg Config) (Host, error) {
	if cfg.ID.Kind != Default {
		return Host{}, errNoID
	}
	u, err := endpoint(cfg.Getenv, msiEndpoint, "http", "https")
	if err != nil {
		return Host{}, err
	}
	w, err := cfg.client(wire.Reach{})
	if err != nil {
		return Host{}, err
	}
	ask := func(ctx context.Context, resource string, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
		req, err := post(ctx, u.String(), url.Values{"resource": {resource}})
		if err != nil {
			return azcore.AccessToken{}, err
		}
		req.Raw().Header.Set("Metadata", "true")
		return w.Token(req)
	}
	return Host{
		Endpoint: address(u),
		Source:   &source{wire: w, span: "aztoken.CloudShell", ask: ask, explain: explainCloudShell, absent: absentAt(msiEndpoint)},
		Close:    w.Close,
	}, nil
}

func explainCloudShell(f *wire.Failure) {
	explainLocal(f)
	if f.Code == "AudienceNotSupported" {
		f.Advice = "Cloud Shell has tokens for Azure's own services only; for others run az login and set Options.Credential to azidentity's Azure CLI credential"
	}
}
