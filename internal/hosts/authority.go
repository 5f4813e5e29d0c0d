package hosts

import (
	"cmp"
	"net"
	"net/url"

	"github.com/seed-ac726066/aztoken/internal/authority"
)

const publicAuthority = "https://login.microsoftonline.com/"

// authorityOf returns the login host that the environment names, that of the public cloud if it
// names none.
func authorityOf(getenv func(string) string) (*url.URL, error) {
	address := cmp.Or(getenv(authorityHost), publicAuthority)
	u, problem := httpsBase(address)
	if problem != "" {
		return nil, inVariable(authorityHost, hidePath(address)+" "+problem,
			"set it to the https:// URL of a login host, as the workload identity webhook does, or unset it for the public cloud")
	}
	return u, nil
}

// exchangeAudience returns the audience of assertions in the cloud of a login host, "" if the cloud
// is unknown, such as an air-gapped one. A login host on this machine, or imds.test, is a fake,
// which simulates the public cloud.
func exchangeAudience(login *url.URL) string {
	host := login.Hostname()
	if ip := net.ParseIP(host); host == "localhost" || host == "imds.test" || ip != nil && ip.IsLoopback() {
		return authority.PublicAudience
	}
	return authority.Audience(host)
}
