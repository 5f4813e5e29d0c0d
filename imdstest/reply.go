package imdstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const contentTypeJSON = "application/json; charset=utf-8"

// A reply is an answer that was decided on, and how it is to reach the client. The front ends only carry it
// out.
type reply struct {
	status  int
	header  http.Header
	body    []byte
	filler  int64         // so many bytes more follow the body, and no length is told
	over    time.Duration // the body trickles over this time
	cut     bool          // only half of the body follows
	foreign bool          // it is not in the host's name
	minted  bool          // for the log
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

// plainReply returns an answer; a blank content type is none.
func plainReply(status int, contentType, body string) reply {
	header := http.Header{}
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
	return plainReply(status, contentTypeJSON, string(bytes.TrimSpace(b.Bytes())))
}
