package identityapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const contentTypeJSON = "application/json; charset=utf-8"

// Reply is what an endpoint answers.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Text returns a reply with a body; a blank content type means none.
func Text(status int, contentType, body string) Reply {
	header := http.Header{}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	return Reply{status, header, []byte(body)}
}

// JSON returns a reply whose body is v, with <, > and & unescaped.
func JSON(status int, v any) Reply {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("identityapi: writing a reply: %v", err))
	}
	return Reply{status, http.Header{"Content-Type": {contentTypeJSON}}, bytes.TrimSpace(b.Bytes())}
}

// NotAllowed returns the reply to a method other than the one that is allowed.
func NotAllowed(method string) Reply {
	r := empty(http.StatusMethodNotAllowed)
	r.Header.Set("Allow", method)
	return r
}

func empty(status int) Reply { return Text(status, "", "") }

// after returns r with a Retry-After, in whole seconds, rounded up. Zero is none.
func (r Reply) after(d time.Duration) Reply {
	if d > 0 {
		r.Header.Set("Retry-After", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
	}
	return r
}

// Write sends the reply.
func (r Reply) Write(w http.ResponseWriter) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
