package doctor

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// failures are the checks of an answer that is a failure: those before the one that failed are well, those after it unknown.
func failures(kind hosts.Kind, a answer, d diagnosis, note string) []Check {
	var all []Check
	at := slices.Index(afterHost, d.check)
	for i, name := range afterHost {
		c := Check{Name: name, Status: Skipped}
		switch {
		case i < at && (d.check != requestCheck || a.sent):
			c.Status, c.Detail = OK, passed(kind, name, a, note)
			// A host that is down has said nothing of identity and resource.
			if d.check == tokenCheck && (name == identityCheck || name == resourceCheck) {
				c.Status, c.Detail = Skipped, ""
			}
		case i == at:
			c.Status, c.Detail, c.Fix = Failed, a.failure.Error(), d.fix
		case name == clockCheck && a.header.Get("Date") != "" && d.check != directCheck:
			c = judgeClock(a, token{}, a.at) // a wrong clock may well be why there is no token
		}
		c.Took = took(name, a, d.check)
		if c.Status == Skipped {
			c.Took = 0
		}
		all = append(all, c)
	}
	return all
}

// successes are the checks up to the token.
func successes(kind hosts.Kind, a answer, t token, note string, now time.Time) []Check {
	var all []Check
	for _, name := range afterHost[:slices.Index(afterHost, tokenCheck)+1] {
		c := Check{Name: name, Status: OK, Detail: passed(kind, name, a, note), Took: took(name, a, "")}
		switch {
		case name == identityCheck && t.readable:
			c.Detail = "object id " + t.objectID + ", client id " + t.clientID + ", tenant " + t.tenantID
		case name == tokenCheck:
			c.Detail = join("there is one, with "+span(a.token.ExpiresOn.Sub(now))+" left", noIDType(t))
		}
		all = append(all, c)
	}
	return all
}

// passed is what is known of a check that is well.
func passed(kind hosts.Kind, name string, a answer, note string) string {
	switch name {
	case reachableCheck:
		return "it answers"
	case directCheck:
		if server := a.header.Get("Server"); server != "" {
			return join("it is the endpoint that answers ("+plainHeader(server)+")", note)
		}
		return join("it is the endpoint that answers", note)
	case requestCheck:
		return "it accepts the request"
	case identityCheck:
		return "the host has it"
	case resourceCheck:
		return "the tenant knows it"
	}
	return ""
}

// took is the time of a check: that of the connection for the first, that of the answer for the request, or for the one
// that failed before it.
func took(name string, a answer, failed string) time.Duration {
	switch {
	case name == reachableCheck && a.connected && failed != reachableCheck:
		return a.connectTook
	case name == requestCheck, name == failed && (name == reachableCheck || name == directCheck):
		return a.took
	}
	return 0
}

// proxyNote says what other programs would do where a proxy is set in the environment.
func proxyNote(o Options, host hosts.Host) string {
	if o.Proxy == nil {
		return ""
	}
	u, err := url.Parse(host.Endpoint)
	if err != nil {
		return ""
	}
	proxy, err := o.Proxy(&http.Request{URL: u})
	switch {
	case err != nil || proxy == nil:
		return ""
	case host.Kind == hosts.WorkloadIdentity:
		return "through the proxy " + proxy.Host + " of the environment"
	}
	return "aztoken goes past the proxy " + proxy.Host + " of the environment; other programs may not: add " + u.Hostname() + " to NO_PROXY"
}

// plainHeader is a header's value for a terminal, short.
func plainHeader(s string) string {
	const enough = 60
	b := []byte(s)
	b = b[:min(len(b), enough)]
	for i := range b {
		if b[i] < ' ' || b[i] > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}
