package doctor

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/message"
)

// failures returns the checks of a failed request: those before the failed one are OK, those after
// it are skipped.
func failures(kind hosts.Kind, a answer, d diagnosis, note string) []Check {
	var all []Check
	at := slices.Index(afterHost, d.check)
	for i, name := range afterHost {
		c := Check{Name: name, Status: Skipped}
		switch {
		case i < at && (d.check != requestCheck || a.sent):
			c.Status, c.Detail = OK, passed(kind, name, a, note)
			// A host that is down has not checked the identity and the resource.
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

// successes returns the checks up to the token.
func successes(kind hosts.Kind, resource string, a answer, t token, note string, now time.Time) []Check {
	var all []Check
	for _, name := range afterHost[:slices.Index(afterHost, tokenCheck)+1] {
		c := Check{Name: name, Status: OK, Detail: passed(kind, name, a, note), Took: took(name, a, "")}
		switch {
		case name == identityCheck && t.readable:
			c.Detail = "object id " + t.objectID + ", client id " + t.clientID + ", tenant " + t.tenantID
		case name == tokenCheck:
			c.Detail = message.Join([]string{"received, expires in " + message.Duration(a.token.ExpiresOn.Sub(now))}, noIDType(resource, t))
		}
		all = append(all, c)
	}
	return all
}

// passed returns the detail of a check that is OK.
func passed(kind hosts.Kind, name string, a answer, note string) string {
	switch name {
	case reachableCheck:
		return "it answers"
	case directCheck:
		detail := "the endpoint itself answers"
		if server := a.header.Get("Server"); server != "" {
			detail += " (" + plainHeader(server) + ")"
		}
		return message.Join([]string{detail}, note)
	case requestCheck:
		return "it accepts the request"
	case identityCheck:
		return "the host has it"
	case resourceCheck:
		return "the tenant knows it"
	}
	return ""
}

// took returns the time of a check: for the first check that of the connection, for the request
// check (or one that failed before it) that of the answer.
func took(name string, a answer, failed string) time.Duration {
	switch {
	case name == reachableCheck && a.connected && failed != reachableCheck:
		return a.connectTook
	case name == requestCheck, name == failed && (name == reachableCheck || name == directCheck):
		return a.took
	}
	return 0
}

// proxyNote returns what other programs do where the environment sets a proxy, "" where it sets
// none.
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
	case host.Kind.IsOnInternet():
		return "through the proxy " + proxy.Host + " of the environment"
	}
	return "aztoken bypasses the proxy " + proxy.Host + " of the environment; for programs that do not, add " + u.Hostname() + " to NO_PROXY"
}

// plainHeader returns the value of a header for a terminal, shortened.
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
