package imdstest

import (
	"net/http"
	"net/url"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/wirelog"
)

// Request is a request that the server received, refused and unanswered ones too. [Issuer.Requests]
// has those for discovery and keys, [Server.Requests] all others, which are the token requests. Its
// maps are shared and must not be changed.
type Request struct {
	Time time.Time // of arrival

	// Host is the one that was asked: "IMDS", "App Service", "Azure Arc", "Service Fabric", "Cloud
	// Shell", "Azure ML", "workload identity" or "identity binding", and for discovery and keys
	// "Entra ID". The exchange of an [Application] is one of workload identity. Blank: no host has
	// this path, or not over plain http.
	Host string

	Method   string      // "GET"
	Path     string      // as sent, without the query
	Resource string      // the parameter resource, or scope without /.default; blank: none
	Query    url.Values  // all parameters of the URL
	Form     url.Values  // all parameters of a POST's body; client_assertion is "REDACTED"
	Header   http.Header // the values of Authorization, X-Identity-Header and Secret are "REDACTED"
	Status   int         // of the answer; 0: none, or none yet
	Fault    string      // the name of the fault that it met; blank: none
	Minted   bool        // the answer has a token that was minted for it
}

// String returns the request in one line.
func (r Request) String() string { return wirelog.Request(r).String() }

func requests(all []wirelog.Request) []Request {
	converted := make([]Request, len(all))
	for i, r := range all {
		converted[i] = Request(r)
	}
	return converted
}
