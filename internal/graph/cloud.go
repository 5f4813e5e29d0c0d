package graph

import "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

// Cloud is a national cloud of Azure that has its own Graph.
//
// https://learn.microsoft.com/graph/deployments
type Cloud struct {
	// Host is the host of Graph.
	Host string
	// Login is where to sign in.
	Login cloud.Configuration
	// Audience is that of tokens that are exchanged for those of an application.
	//
	// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
	Audience string

	issuer string // the host in the issuer of v2 tokens
}

// Public returns the public cloud.
func Public() Cloud {
	return Cloud{
		Host: "graph.microsoft.com", Login: cloud.AzurePublic,
		Audience: "api://AzureADTokenExchange", issuer: "login.microsoftonline.com",
	}
}

// USGovernment returns the cloud of the US government.
func USGovernment() Cloud {
	return Cloud{
		Host: "graph.microsoft.us", Login: cloud.AzureGovernment,
		Audience: "api://AzureADTokenExchangeUSGov", issuer: "login.microsoftonline.us",
	}
}

// China returns the cloud operated by 21Vianet.
func China() Cloud {
	return Cloud{
		Host: "microsoftgraph.chinacloudapi.cn", Login: cloud.AzureChina,
		Audience: "api://AzureADTokenExchangeChina", issuer: "login.partner.microsoftonline.cn",
	}
}

// Issuer returns the issuer of a tenant's v2 tokens, such as those of its managed identities for
// Audience.
func (c Cloud) Issuer(tenantID string) string {
	return "https://" + c.issuer + "/" + tenantID + "/v2.0"
}

// scope returns the scope of tokens for Graph.
func (c Cloud) scope() string { return "https://" + c.Host + "/.default" }
