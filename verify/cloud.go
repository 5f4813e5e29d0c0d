package verify

// Cloud is one of the national clouds of Azure. It corresponds to a cloud.Configuration of azcore:
// Public to AzurePublic, USGovernment to AzureGovernment, China to AzureChina.
type Cloud int

// The clouds that have their own Entra ID. For others see Options.Issuers.
//
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
const (
	Public       Cloud = iota // the global one
	USGovernment              // login.microsoftonline.us
	China                     // login.partner.microsoftonline.cn, operated by 21Vianet
)

// hosts are those of a cloud.
type hosts struct {
	login string // publishes the keys and issues v2 tokens
	sts   string // issues v1 tokens
	name  string // cloud_instance_name of its keys
}

func (c Cloud) hosts() (h hosts, ok bool) {
	switch c {
	case Public:
		return hosts{"login.microsoftonline.com", "sts.windows.net", "microsoftonline.com"}, true
	case USGovernment:
		return hosts{"login.microsoftonline.us", "sts.windows.net", "microsoftonline.us"}, true
	case China:
		return hosts{"login.partner.microsoftonline.cn", "sts.chinacloudapi.cn", "partner.microsoftonline.cn"}, true
	}
	return hosts{}, false
}

// isGUID reports whether s is a GUID as Entra writes them: lower case with hyphens.
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
