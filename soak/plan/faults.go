package plan

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// endpointKinds returns the faults of the identity endpoint.
func endpointKinds() []kind {
	fault := func(name string, f imdstest.Fault) kind { return just(name, EndpointFault{f}) }
	sizedFault := func(name string, f func(time.Duration) imdstest.Fault) kind {
		return sized(name, func(d time.Duration) Action { return EndpointFault{f(d)} })
	}
	status := func(code int) kind { return fault(strconv.Itoa(code), imdstest.Status(code)) }
	return []kind{
		fault("200 not JSON", imdstest.NotJSON()),
		fault("200 truncated", imdstest.Truncated()),
		costly(fault("200 huge", huge())),
		fault("302", elsewhere()),
		status(400),
		fault("400 that quotes a token", imdstest.Error(http.StatusBadRequest, "invalid_request", "cannot renew "+quotedToken())),
		status(401),
		status(403),
		status(404),
		status(405),
		status(408),
		status(410),
		status(429),
		sizedFault("429 with Retry-After", imdstest.Status(http.StatusTooManyRequests).WithRetryAfter),
		status(500),
		status(502),
		status(503),
		sizedFault("503 with Retry-After", imdstest.Status(http.StatusServiceUnavailable).WithRetryAfter),
		fault("hang", imdstest.Hang()),
		fault("refused", imdstest.Refused()),
		fault("dropped", imdstest.Dropped()),
		fault("closed", imdstest.Closed()),
		sizedFault("slow", imdstest.Slow),
		sizedFault("slow body", imdstest.SlowBody),
		fault("Entra down", imdstest.EntraDown()),
		sizedFault("Entra down with Retry-After", imdstest.EntraDown().WithRetryAfter),
	}
}

// keysKinds returns the faults of Entra ID's discovery and key documents.
func keysKinds() []kind {
	fault := func(name string, f imdstest.Fault) kind { return just(name, KeysFault{f}) }
	sizedFault := func(name string, f func(time.Duration) imdstest.Fault) kind {
		return sized(name, func(d time.Duration) Action { return KeysFault{f(d)} })
	}
	return []kind{
		fault("200 not JSON", imdstest.NotJSON()),
		fault("200 no keys", imdstest.Body(http.StatusOK, "application/json", `{"keys":[]}`).KeysOnly()),
		fault("200 truncated", imdstest.Truncated()),
		costly(fault("200 huge", huge())),
		fault("302", elsewhere()),
		fault("404", imdstest.Status(http.StatusNotFound)),
		sizedFault("429 with Retry-After", imdstest.Status(http.StatusTooManyRequests).WithRetryAfter),
		fault("500", imdstest.Status(http.StatusInternalServerError)),
		fault("503", imdstest.Status(http.StatusServiceUnavailable)),
		fault("hang", imdstest.Hang()),
		fault("refused", imdstest.Refused()),
		fault("dropped", imdstest.Dropped()),
		fault("closed", imdstest.Closed()),
		sizedFault("slow", imdstest.Slow),
		sizedFault("slow body", imdstest.SlowBody),
		fault("503 for keys only", imdstest.Status(http.StatusServiceUnavailable).KeysOnly()),
		fault("hang for discovery only", imdstest.Hang().DiscoveryOnly()),
	}
}

func costly(k kind) kind {
	k.costly = true
	return k
}

// huge is above every limit on the size of a reply.
func huge() imdstest.Fault { return imdstest.Huge(8 << 20) }

func elsewhere() imdstest.Fault { return imdstest.Redirect("http://127.0.0.1:1/elsewhere") }

// quotedToken returns a token for an error message to quote. It has the form of a token and opens
// nothing.
func quotedToken() string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"typ":"JWT","alg":"RS256","kid":"quoted"}`)) + "." +
		encode([]byte(`{"aud":"https://orders.example.com","oid":"00000000-0000-0000-0000-000000000000"}`)) + "." +
		encode(make([]byte, 256))
}
