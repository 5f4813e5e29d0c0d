package graph

import "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

// Cloud is one of Azure's national clouds, as Graph has it.
//
// https://learn.microsoft.com/graph/deployments
type Cloud struct {
	// Host is Graph's.
	Host string
	// Login is where one signs in.
	Login cloud.Configuration
}

// The clouds that have a Graph of their own.
func Public() Cloud       { return Cloud{"graph.microsoft.com", cloud.AzurePublic} }
func USGovernment() Cloud { return Cloud{"graph.microsoft.us", cloud.AzureGovernment} }
func China() Cloud        { return Cloud{"microsoftgraph.chinacloudapi.cn", cloud.AzureChina} }

// scope is what a token for Graph is asked for.
func (c Cloud) scope() string { return "https://" + c.Host + "/.default" }
