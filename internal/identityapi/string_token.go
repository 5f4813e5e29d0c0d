package identityapi

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// A stringToken is the success of IMDS, and with more members that of Azure Arc and Cloud Shell.
// All values are strings, and there is no refresh_in.
type stringToken struct {
	accessToken  string
	clientID     string
	expiresIn    string
	expiresOn    string
	extExpiresIn string
	notBefore    string
	resource     string
	objectID     string // Azure Arc only
	resourceID   string // Azure Arc only
	isCloudShell bool   // which has a blank refresh token
}

func newStringToken(r Request, t Token) stringToken {
	s := stringToken{
		accessToken: t.Value,
		clientID:    t.ClientID,
		expiresIn:   decimal(t.ExpiresOn.Unix() - time.Now().Unix()),
		expiresOn:   decimal(t.ExpiresOn.Unix()),
		resource:    r.Resource,
	}
	if t.FirstLife > 0 { // stale in real replies too: it does not run down
		s.extExpiresIn = decimal(int64(t.FirstLife/time.Second) - 1)
	}
	if !t.NotBefore.IsZero() {
		s.notBefore = decimal(t.NotBefore.Unix())
	}
	return s
}

// reply returns the token as JSON. It avoids reflection because a server of tokens does this all
// day.
func (s stringToken) reply() Reply {
	const names = 256 // of the members, with their punctuation
	b := make([]byte, 0, names+len(s.accessToken)+len(s.resource)+len(s.resourceID)+len(s.clientID)+len(s.objectID))
	b = append(b, '{')
	b = appendString(appendName(b, "access_token"), s.accessToken)
	for _, m := range [...]struct{ name, value string }{
		{"client_id", s.clientID}, {"expires_in", s.expiresIn}, {"expires_on", s.expiresOn}, {"ext_expires_in", s.extExpiresIn},
		{"not_before", s.notBefore}, {"resource", s.resource}, {"token_type", "Bearer"},
		{"object_id", s.objectID}, {"msi_res_id", s.resourceID},
	} {
		if m.value != "" {
			b = appendString(appendName(append(b, ','), m.name), m.value)
		}
	}
	if s.isCloudShell {
		b = append(b, `,"refresh_token":""`...)
	}
	return Reply{http.StatusOK, http.Header{"Content-Type": {contentTypeJSON}}, append(b, '}')}
}

func appendName(b []byte, name string) []byte {
	return append(append(append(b, '"'), name...), '"', ':')
}

func appendString(b []byte, value string) []byte {
	if isPlain(value) {
		return append(append(append(b, '"'), value...), '"')
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		panic("identityapi: writing a reply: " + err.Error()) // a string always marshals
	}
	return append(b, quoted...)
}

// isPlain reports whether a string needs no escapes in JSON.
func isPlain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// prepared is the last reply with a token. Its times change once a second.
type prepared struct {
	mu       sync.Mutex // guards what follows
	second   int64
	resource string
	body     []byte // is not written to again
}

// Prepared returns t for a server that answers with it many times: callers in the same second get
// the same reply.
func (t Token) Prepared() Token {
	t.prepared = new(prepared)
	return t
}

// reply returns the success of IMDS, and of App Service for clients that read more than it sends.
func (t Token) reply(r Request) Reply {
	p, now := t.prepared, time.Now().Unix()
	if p == nil {
		return newStringToken(r, t).reply()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.second != now || p.resource != r.Resource {
		p.second, p.resource, p.body = now, r.Resource, newStringToken(r, t).reply().Body
	}
	return Reply{http.StatusOK, http.Header{"Content-Type": {contentTypeJSON}}, p.body}
}
