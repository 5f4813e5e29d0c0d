// Package authority knows the login hosts of Entra ID's clouds, and what is different between them.
package authority

import "strings"

// The audiences that Entra accepts in an assertion that a managed identity makes, by cloud. An
// identity gets a token for each of them in every cloud; only the exchange shows which one is
// right.
//
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
const (
	PublicAudience       = "api://AzureADTokenExchange"
	USGovernmentAudience = "api://AzureADTokenExchangeUSGov"
	ChinaAudience        = "api://AzureADTokenExchangeChina"
)

// Audience returns the audience of assertions in the cloud of a login host, which may also be one
// of the older names, or one that is only in the issuer of tokens. It returns "" if the cloud is
// unknown, such as an air-gapped one.
func Audience(host string) string {
	switch strings.TrimSuffix(strings.ToLower(host), ".") {
	case "login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net":
		return PublicAudience
	case "login.microsoftonline.us", "login-us.microsoftonline.com":
		return USGovernmentAudience
	case "login.partner.microsoftonline.cn", "login.chinacloudapi.cn", "sts.chinacloudapi.cn":
		return ChinaAudience
	}
	return ""
}
