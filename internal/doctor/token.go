package doctor

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/jwt"
)

// token is what stands in a token. Nobody has checked it; the endpoint gave it.
type token struct {
	readable                     bool // a JWT: some of Microsoft's own services have others
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

// noIDType is what to say of a token of an application's own API without idtyp, "" for any other. Microsoft's
// APIs decide on their claims themselves.
func noIDType(t token) string {
	if !t.readable || t.idtyp || !isOwnAPI(t.audience) {
		return ""
	}
	return `it has no claim idtyp, by which a service tells applications from users; add {"name":"idtyp"} to optionalClaims.accessToken in the manifest of the API's application`
}

// isOwnAPI reports whether an audience is that of an application which is not Microsoft's: a client id, api://,
// or a host of one's own.
func isOwnAPI(audience string) bool {
	u, err := url.Parse(audience)
	switch {
	case err != nil || audience == "":
		return false
	case u.Scheme != "https":
		return !strings.HasSuffix(audience, "-0000-0000-c000-000000000000") // as most of Microsoft's own have
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
	// mayDiffer is far above the second that a Date header is exact to, and far below the five minutes at which
	// services refuse a token.
	mayDiffer = time.Minute
	fixClock  = "set the clock of this machine: timedatectl set-ntp true, chronyc makestep, or on Windows w32tm /resync. Services refuse tokens once they differ by five minutes"
)

// judgeClock compares this machine's clock with what the endpoint sent.
func judgeClock(a answer, t token, now time.Time) Check {
	c := Check{Name: clockCheck, Status: OK, Detail: "nothing to compare it with"}
	ahead := time.Duration(0)
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		ahead = a.at.Sub(date).Truncate(time.Second)
		c.Detail = "as the endpoint's"
	} else if t.readable {
		c.Detail = "within the token's life"
	}
	switch {
	case ahead > mayDiffer:
		c.Detail = "it is " + span(ahead) + " ahead of the endpoint's"
	case ahead < -mayDiffer:
		c.Detail = "it is " + span(-ahead) + " behind the endpoint's"
	case t.notBefore.After(now):
		c.Detail = "it is at least " + span(t.notBefore.Sub(now)) + " behind: the token is not valid yet"
	case !t.expires.IsZero() && !t.expires.After(now):
		c.Detail = "it is at least " + span(now.Sub(t.expires)) + " ahead: the token that just came has expired"
	default:
		return c
	}
	c.Status, c.Fix = Failed, fixClock
	return c
}

// judgeCache compares the first token with the answer to a second question.
func judgeCache(first azcore.AccessToken, second answer, t token, now time.Time) Check {
	c := Check{Name: cacheCheck, Status: OK, Took: second.took}
	switch {
	case second.failure != nil:
		c.Status, c.Detail = Failed, "the second question failed: "+second.failure.Error()
		c.Fix = "the endpoint does not answer every time; run this again, and if it stays so look at the host's agent"
	case second.token.Token != first.Token:
		c.Detail = "another token each time: the platform keeps none"
	default:
		c.Detail = "the same token again"
		if !t.issued.IsZero() {
			c.Detail += ", issued " + span(now.Sub(t.issued)) + " ago"
		}
		c.Detail += "; what was granted since is not in it"
	}
	return c
}

// judgeRole looks for a role; "" is none in particular.
func judgeRole(wanted string, t token, now time.Time) Check {
	c := Check{Name: roleCheck, Status: OK, Detail: "none in the token; a service that wants one refuses it (--role NAME looks for one)"}
	if len(t.roles) > 0 {
		c.Detail = "the token has " + strings.Join(t.roles, ", ")
	}
	switch {
	case wanted == "" && !t.readable:
		c.Detail = "the token is opaque: only the service can read it"
	case wanted == "" || slices.Contains(t.roles, wanted):
	case !t.readable:
		c.Status, c.Detail = Failed, "the token is opaque, so its roles cannot be seen"
		c.Fix = "leave --role out: services with opaque tokens decide by other means, such as Azure roles"
	default:
		c.Status = Failed
		c.Fix = "grant the role " + wanted + " to the object id " + t.objectID + " if that is not done; if it is, wait. The platform keeps its tokens, and nothing makes it mint another, no restart either:"
		if len(t.roles) == 0 {
			c.Detail = "the token has no roles"
		}
		if !t.issued.IsZero() && !t.expires.IsZero() {
			c.Fix += " this one was issued " + span(now.Sub(t.issued)) + " ago and is replaced in " + span(t.expires.Sub(now)) + " at the latest"
		} else {
			c.Fix += " it takes up to 24 h"
		}
	}
	return c
}

// span is a duration to the minute, or to the second below one.
func span(d time.Duration) string {
	d = max(0, d)
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
