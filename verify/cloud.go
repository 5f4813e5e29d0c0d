package verify

import "strings"

// Cloud is one of the national clouds of Azure.
type Cloud int

// The clouds that have an Entra ID of their own.
//
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
const (
	Public       Cloud = iota // the global one
	USGovernment              // login.microsoftonline.us
	China                     // login.partner.microsoftonline.cn, by 21Vianet
)

// hosts are a cloud's login host, which has the keys and issues v2 tokens, and the host that issues v1 tokens.
type hosts struct{ login, sts string }

func (c Cloud) hosts() (h hosts, ok bool) {
	switch c {
	case Public:
		return hosts{"login.microsoftonline.com", "sts.windows.net"}, true
	case USGovernment:
		return hosts{"login.microsoftonline.us", "sts.windows.net"}, true
	case China:
		return hosts{"login.partner.microsoftonline.cn", "sts.chinacloudapi.cn"}, true
	}
	return hosts{}, false
}

// issuer is the iss of a tenant's tokens of a version, "1.0" or "2.0"; "" for any other.
func (h hosts) issuer(version, tenant string) string {
	switch version {
	case "1.0":
		return "https://" + h.sts + "/" + tenant + "/"
	case "2.0":
		return "https://" + h.login + "/" + tenant + "/v2.0"
	}
	return ""
}

// anyTenant stands for the tenant in what Entra publishes for all of them.
const anyTenant = "{tenantid}"

// mayIssue says whether a key that is published for issuer may sign tokens of tenant. A key without an issuer, and one for
// all tenants, may; the issuer of a key is always in the form of v2 but good for both versions.
func (h hosts) mayIssue(issuer, tenant string) bool {
	if issuer == "" {
		return true
	}
	issuer = strings.ReplaceAll(issuer, anyTenant, tenant)
	return issuer == h.issuer("1.0", tenant) || issuer == h.issuer("2.0", tenant)
}

// isGUID says whether s is a GUID as Entra writes them: lower case with hyphens.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c < '0' || c > '9' && c < 'a' || c > 'f':
			return false
		}
	}
	return true
}
