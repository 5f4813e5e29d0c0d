package hosts

import (
	"net/url"
	"slices"
	"strings"
)

// What is wrong with an address of IMDS, and what to do.
const (
	notIMDSBase  = "not the base URL of an identity endpoint"
	fixIMDSBase  = "set it to a scheme and a host, as in " + imdsAddress
	idInQuery    = "names an identity in its query, which is ignored"
	fixIDInQuery = "set the id of the identity itself, and the address without a query"
)

// imdsBase returns where IMDS is, the field that says so, and whether anything names it.
func imdsBase(cfg *Config) (base, field string, named bool) {
	switch {
	case cfg.Endpoint != "":
		return cfg.Endpoint, FieldEndpoint, true
	case isIMDSAddress(cfg.Getenv(msiEndpoint)):
		return cfg.Getenv(msiEndpoint), "$" + msiEndpoint, true
	case cfg.Getenv(imdsOverride) != "":
		return cfg.Getenv(imdsOverride), "$" + imdsOverride, true
	}
	return imdsAddress, "", false
}

// isIMDSAddress reports whether address is the whole address of IMDS's tokens, on any host. Older
// libraries wanted it in $MSI_ENDPOINT, which without this check would be taken for Cloud Shell's.
func isIMDSAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && strings.HasSuffix(strings.TrimRight(strings.ToLower(u.Path), "/"), imdsPath)
}

// imdsPaths are the paths of IMDS that people write where its base URL is expected, longest first.
var imdsPaths = []string{imdsPath, "/metadata/identity/oauth2", "/metadata/identity", "/metadata/instance", "/metadata"}

// parseIMDSBase returns the URL that [imdsPath] is put after, false if base is not one. For a whole
// address it returns the base, without the query.
func parseIMDSBase(base string) (*url.URL, bool) {
	u, err := url.Parse(base)
	if err != nil || hasOddCharacter(base) || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, false
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	for _, path := range imdsPaths {
		if strings.HasSuffix(strings.ToLower(u.Path), path) {
			u.Path, u.RawPath, u.RawQuery = strings.TrimRight(u.Path[:len(u.Path)-len(path)], "/"), "", ""
			break
		}
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, false
	}
	return u, true
}

// namesIdentityIn reports whether an address names an identity in its query.
func namesIdentityIn(address string) bool {
	u, err := url.Parse(address)
	return err == nil && slices.ContainsFunc([]string{"client_id", "object_id", "msi_res_id", "mi_res_id"}, u.Query().Has)
}
