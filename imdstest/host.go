package imdstest

import (
	"net/http"
	"strings"
)

// A host is one of the places where Azure has managed identities, as the programs on it see its endpoint.
type host struct {
	name   string // as Request.Host has it
	path   string // below the base; a leading /{tenant} stands for any one element
	https  bool   // there is nothing at the path over plain http
	server string // the header Server of what it says; blank: none

	// answer decides on a token request.
	answer func(c call, entraDown bool) reply
	// status returns what it sends with a status: often nothing at all.
	status func(code int) reply
}

// allHosts are those that a server plays at once.
func (s *Server) allHosts() []host {
	return []host{
		s.imds(), s.appService(), s.arc(), s.serviceFabric(), s.cloudShell(), s.azureML(), s.workloadIdentity(),
	}
}

// hostOf returns the host that a token request is for. What none of them knows is answered with IMDS's 404, in
// nobody's name.
func (s *Server) hostOf(c call) host {
	for _, h := range s.hosts {
		if h.serves(c) {
			return h
		}
	}
	return host{
		server: imdsServer,
		answer: func(call, bool) reply { return plainReply(http.StatusNotFound, "", "") },
		status: imdsStatus,
	}
}

// serves tells whether the call is for h. A slash at the end is no matter, as some clients for JavaScript add it.
func (h host) serves(c call) bool {
	if h.https && !strings.HasPrefix(c.base, "https://") {
		return false
	}
	path, pattern := c.path, h.path
	if rest, ok := strings.CutPrefix(pattern, "/{tenant}"); ok {
		_, below, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		path, pattern = "/"+below, rest
	}
	return path == pattern || path == pattern+"/"
}
