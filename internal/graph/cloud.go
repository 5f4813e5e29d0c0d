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
}

// Public returns the public cloud.
func Public() Cloud { return Cloud{"graph.microsoft.com", cloud.AzurePublic} }

// USGovernment returns the cloud of the US government.
func USGovernment() Cloud { return Cloud{"graph.microsoft.us", cloud.AzureGovernment} }

// China returns the cloud operated by 21Vianet.
func China() Cloud { return Cloud{"microsoftgraph.chinacloudapi.cn", cloud.AzureChina} }

// scope returns the scope of tokens for Graph.
func (c Cloud) scope() string { return "https://" + c.Host + "/.default" }
