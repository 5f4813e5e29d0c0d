package graph

import (
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

	"github.com/seed-ac726066/aztoken/internal/authority"
)

// Cloud is a national cloud of Azure that has its own Graph.
//
// https://learn.microsoft.com/graph/deployments
type Cloud struct {
	// Host is the host of Graph.
	Host string
	// Login is where to sign in.
	Login cloud.Configuration

	issuer string // the host in the issuer of v2 tokens
}

// Public returns the public cloud.
func Public() Cloud {
	return Cloud{Host: "graph.microsoft.com", Login: cloud.AzurePublic, issuer: "login.microsoftonline.com"}
}

// USGovernment returns the cloud of the US government.
func USGovernment() Cloud {
	return Cloud{Host: "graph.microsoft.us", Login: cloud.AzureGovernment, issuer: "login.microsoftonline.us"}
}

// China returns the cloud operated by 21Vianet.
func China() Cloud {
	return Cloud{Host: "microsoftgraph.chinacloudapi.cn", Login: cloud.AzureChina, issuer: "login.partner.microsoftonline.cn"}
}

// Audience returns that of a managed identity's tokens that are exchanged for an application's.
func (c Cloud) Audience() string { return authority.Audience(c.issuer) }

// Issuer returns the issuer of a tenant's v2 tokens, of which those for Audience are.
func (c Cloud) Issuer(tenantID string) string {
	return "https://" + c.issuer + "/" + tenantID + "/v2.0"
}

// scope returns the scope of tokens for Graph.
func (c Cloud) scope() string { return "https://" + c.Host + "/.default" }
