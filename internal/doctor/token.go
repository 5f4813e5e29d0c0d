package doctor

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/authority"
	"github.com/seed-ac726066/aztoken/internal/jwt"
	"github.com/seed-ac726066/aztoken/internal/message"
)

// token has the claims of a token as the endpoint returned it, unverified.
type token struct {
	readable                     bool // a JWT; some of Microsoft's own services use other forms
	objectID, clientID, tenantID string
	audience                     string
	idtyp                        bool // there is a claim that tells applications from users
	roles                        []string
	issued, notBefore, expires   time.Time
}

func readToken(t azcore.AccessToken) token {
	claims, ok := jwt.Claims(t.Token)
	if !ok {
		return token{}
	}
	text := func(name string) string { return plainHeader(jwt.Text(claims[name])) }
	r := token{
		readable: true, objectID: text("oid"), tenantID: text("tid"), clientID: cmp.Or(text("azp"), text("appid")),
		audience: text("aud"), idtyp: text("idtyp") != "",
		issued: jwt.Time(claims["iat"]), notBefore: jwt.Time(claims["nbf"]), expires: jwt.Time(claims["exp"]),
		roles: jwt.Texts(claims["roles"]),
	}
	for i := range r.roles {
		r.roles[i] = plainHeader(r.roles[i])
	}
	return r
}

// noIDType is the remark on a token for an application's own API without idtyp, "" for any other.
// Microsoft's APIs choose their own claims, and so does Entra for an assertion, whose audience may
// be a GUID.
func noIDType(resource string, t token) string {
	if !t.readable || t.idtyp || !isOwnAPI(t.audience) || strings.HasPrefix(resource, authority.PublicAudience) {
		return ""
	}
	return `it has no claim idtyp, by which a service distinguishes applications from users; add {"name":"idtyp"} to optionalClaims.accessToken in the manifest of the API's application`
}

// isOwnAPI reports whether an audience is that of an application that is not Microsoft's: a client
// id, api://, or a custom host.
func isOwnAPI(audience string) bool {
	u, err := url.Parse(audience)
	switch {
	case err != nil || audience == "":
		return false
	case u.Scheme != "https":
		// Most of Microsoft's own client ids end like this.
		return !strings.HasSuffix(audience, "-0000-0000-c000-000000000000")
	}
	for _, domain := range microsoftDomains {
		if u.Hostname() == domain || strings.HasSuffix(u.Hostname(), "."+domain) {
			return false
		}
	}
	return true
}

// microsoftDomains have the APIs of Azure and Microsoft 365 in all clouds.
var microsoftDomains = []string{
	"azure.com", "azure.net", "azure.cn", "azure.us", "windows.net", "microsoft.com", "microsoft.us", "microsoftonline.com", "microsoftonline.us",
	"office.com", "office365.com", "sharepoint.com", "usgovcloudapi.net", "chinacloudapi.cn", "applicationinsights.io", "loganalytics.io", "azuredatabricks.net", "powerbi.com", "dynamics.com",
}

const (
	// mayDiffer is far above the second that a Date header is exact to, and far below the five
	// minutes at which services reject a token.
	mayDiffer = time.Minute
	fixClock  = "set the clock of this machine: timedatectl set-ntp true, chronyc makestep, or on Windows w32tm /resync. " +
		"Services reject tokens once clocks differ by five minutes"
	// backdated is how much earlier than its issue Entra ID dates a token, for clocks that are
	// behind.
	backdated = 5 * time.Minute
)

// issue returns when a token was issued, for people; "" if the token does not say.
func issue(t token, now time.Time) string {
	if t.issued.IsZero() {
		return ""
	}
	if age := now.Sub(t.issued) - backdated; age >= time.Minute {
		return "issued " + message.Duration(age) + " ago"
	}
	return "issued just now"
}

// judgeClock compares the clock of this machine with that of the endpoint.
func judgeClock(a answer, t token, now time.Time) Check {
	c := Check{Name: clockCheck, Status: OK, Detail: "not compared: the endpoint sends no time"}
	ahead := time.Duration(0)
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		ahead = a.at.Sub(date).Truncate(time.Second)
		c.Detail = "agrees with the endpoint's"
	} else if t.readable {
		c.Detail = "within the lifetime of the token"
	}
	switch {
	case ahead > mayDiffer:
		c.Detail = message.Duration(ahead) + " ahead of the endpoint's"
	case ahead < -mayDiffer:
		c.Detail = message.Duration(-ahead) + " behind the endpoint's"
	case t.notBefore.After(now):
		c.Detail = "at least " + message.Duration(t.notBefore.Sub(now)) + " behind: the token is not valid yet"
	case !t.expires.IsZero() && !t.expires.After(now):
		c.Detail = "at least " + message.Duration(now.Sub(t.expires)) + " ahead: the token just received has expired"
	default:
		return c
	}
	c.Status, c.Fix = Failed, fixClock
	return c
}

// judgeCache compares the first token with the answer to a second request.
func judgeCache(first azcore.AccessToken, second answer, t token, now time.Time) Check {
	c := Check{Name: cacheCheck, Status: OK, Took: second.took}
	switch {
	case second.failure != nil:
		c.Status, c.Detail = Failed, "the second request failed: "+second.failure.Error()
		c.Fix = "the endpoint does not answer every time; run this again, and if this lasts check the agent of the host"
	case second.token.Token != first.Token:
		c.Detail = "the platform issues a new token for each request"
	default:
		c.Detail = "the platform caches tokens, as usual"
		if issued := issue(t, now); issued != "" {
			c.Detail += "; this one was " + issued
		}
	}
	return c
}

// judgeRole looks for a role, "" for none in particular. cached says that the platform caches
// tokens, so that a new role is missing for a while.
func judgeRole(wanted string, t token, cached bool, now time.Time) Check {
	c := Check{Name: roleCheck, Status: OK, Detail: "the token has none; a service that requires one rejects it (--role NAME checks for one)"}
	if len(t.roles) > 0 {
		c.Detail = "the token has " + strings.Join(t.roles, ", ")
	}
	switch {
	case wanted == "" && !t.readable:
		c.Detail = "the token is opaque: only the service can read it"
	case wanted == "" || slices.Contains(t.roles, wanted):
	case !t.readable:
		c.Status, c.Detail = Failed, "the token is opaque, so its roles cannot be seen"
		c.Fix = "omit --role: services with opaque tokens authorize by other means, such as Azure roles"
	default:
		c.Status = Failed
		if len(t.roles) == 0 {
			c.Detail = "the token has no roles"
		}
		c.Fix = "grant the role " + wanted + " to the object id " + t.objectID
		if !cached {
			c.Fix += "; if it is granted already, run this again in some minutes: a new token has it, " +
				"and a running program after its next refresh, or a restart without a token store"
			break
		}
		c.Fix += ", or wait if it is granted already: " +
			"the platform caches tokens, and nothing, not even a restart, makes it issue a new one;"
		if issued := issue(t, now); issued != "" && !t.expires.IsZero() {
			c.Fix += " this one was " + issued + " and is replaced in " + message.Duration(t.expires.Sub(now)) + " at the latest"
		} else {
			c.Fix += " this takes up to 24 h"
		}
	}
	return c
}
