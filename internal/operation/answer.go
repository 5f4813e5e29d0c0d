package operation

import (
	"encoding/json"
	"net/http"
)

// refusal is an error in the form of OAuth, which every SDK reads.
type refusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// WriteJSON answers with v, which must not be cached.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	private(w.Header())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

// WriteError answers with an error in the form of OAuth.
func WriteError(w http.ResponseWriter, status int, code, description string) {
	WriteJSON(w, status, refusal{code, description})
}

// Refuse answers a request that a [Gate] stopped.
func Refuse(w http.ResponseWriter, _ *http.Request, reason string) {
	WriteError(w, http.StatusForbidden, "forbidden", reason)
}

// NotFound answers a request for what is not served.
func NotFound(w http.ResponseWriter) {
	WriteError(w, http.StatusNotFound, "not_found", "Nothing is served at this path.")
}

// OnlyGet reports whether a request reads, and answers it if it does not.
func OnlyGet(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	WriteError(w, http.StatusMethodNotAllowed, "method_not_allowed", "Only GET is allowed.")
	return false
}

// IgnoreBody keeps the answer to a request from waiting for its body: proxies announce the length
// of a body that they do not send, and net/http would wait for it until the request times out.
func IgnoreBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		w.Header().Set("Connection", "close")
	}
}

func private(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}
