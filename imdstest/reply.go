package imdstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	contentTypeJSON = "application/json; charset=utf-8"
	serverHeader    = "IMDS/150.870.65.1103"
)

// A reply is an answer that was decided on, and how it is to reach the client. The front ends only carry it
// out.
type reply struct {
	status int
	header http.Header
	body   []byte
	filler int64         // so many bytes more follow the body, and no length is told
	over   time.Duration // the body trickles over this time
	cut    bool          // only half of the body follows
	minted bool          // for the log
}

// length returns the Content-Length, or -1 for none.
func (r reply) length() int64 {
	switch {
	case r.filler > 0:
		return -1
	case r.cut:
		return int64(max(1, len(r.body))) // something must be missing even from nothing
	default:
		return int64(len(r.body))
	}
}

// fromPlatform returns an answer in the platform's name; a blank content type is none.
func fromPlatform(status int, contentType, body string) reply {
	header := http.Header{"Server": {serverHeader}}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	return reply{status: status, header: header, body: []byte(body)}
}

// jsonReply returns v as JSON, with <, > and & as they are.
func jsonReply(status int, v any) reply {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("imdstest: writing a reply: %v", err))
	}
	return fromPlatform(status, contentTypeJSON, string(bytes.TrimSpace(b.Bytes())))
}

// oauthError returns an error in the form of OAuth.
func oauthError(status int, code, description string) reply {
	return jsonReply(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
}

// failedAtEntra is the platform's answer when it gets no token from Entra.
func failedAtEntra() reply {
	return oauthError(http.StatusInternalServerError, "unknown",
		"Failed to retrieve token from the Active directory. For details see logs in /var/log/azure/imds/identity.log")
}

// statusReply returns what the platform sends with a status: often nothing at all.
func statusReply(code int) reply {
	switch code {
	case http.StatusBadRequest:
		return oauthError(code, "invalid_request", identityNotFound)
	case http.StatusForbidden:
		// Not the platform, but Docker Desktop, which answers in its place.
		r := fromPlatform(code, "text/plain; charset=utf-8",
			"connecting to 169.254.169.254:80: A socket operation was attempted to an unreachable network.")
		r.header.Del("Server")
		return r
	case http.StatusInternalServerError:
		return failedAtEntra()
	default:
		return fromPlatform(code, "", "")
	}
}
