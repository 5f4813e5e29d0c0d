package wire

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// maxRequestID is well above a GUID and a traceparent.
const maxRequestID = 128

var (
	// idMembers are the names of ids in the bodies of hosts. A correlation id comes first because
	// all logs on the way have it.
	idMembers = []string{"correlationId", "CorrelationId", "correlation_id", "trace_id"}
	idHeaders = []string{"X-Correlation-Id", "X-Ms-Correlation-Request-Id", "X-Ms-Request-Id"}
	// idWords are those at the end of Entra's descriptions, which hosts pass on: "Trace ID: …
	// Correlation ID: …".
	idWords = regexp.MustCompile(`Correlation ID: ([0-9A-Fa-f-]{36})\b`)
)

// requestID returns the id by which the operator of an endpoint finds a request in the logs, which
// support asks for, "" if the answer has none. nested is the object in the body's member error, if
// there is one.
func requestID(header http.Header, body, nested map[string]json.RawMessage, description string) string {
	for _, members := range []map[string]json.RawMessage{body, nested} {
		for _, name := range idMembers {
			var id string
			if json.Unmarshal(members[name], &id) == nil && isRequestID(id) {
				return id
			}
		}
	}
	if words := idWords.FindStringSubmatch(description); words != nil {
		return words[1]
	}
	for _, name := range idHeaders {
		if id := header.Get(name); isRequestID(id) {
			return id
		}
	}
	return ""
}

// isRequestID reports whether foreign text may be shown as an id: one short word that is not a
// token.
func isRequestID(id string) bool {
	return id != "" && len(id) <= maxRequestID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) && Redact(id) == id
}
