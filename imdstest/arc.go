package imdstest

import (
	"net/http"
	"strings"
)

const arcPath = "/arc/metadata/identity/oauth2/token"

// Arc returns the environment in which a client takes this server for the agent of Azure Arc. Every token takes two
// requests: the first is answered with 401 and the name of a file, which is in [Options.ArcKeyDir]; the second
// shows what is in it. Each of the two is a token request of its own, which meets a fault and is in the log. Arc makes
// the directory, and panics if it cannot write there. [Server.Close] removes the files.
func (s *Server) Arc() Environment {
	s.keyFiles.mustBeWritable()
	return Environment{identityEndpoint: s.URL + arcPath, imdsEndpoint: s.URL}
}

func (s *Server) arc() host {
	e := s.metadata([]string{"2019-11-01", "2020-06-01", "2021-02-01"}, func(g grant) reply {
		// By this a client sees that its choice was understood: older agents take no notice of it.
		return stringReply(g, func(t *stringToken) {
			switch {
			case g.named.objectID != "":
				t.ObjectID = g.id.ObjectID
			case g.named.resourceID != "":
				t.ResourceID = g.id.ResourceID
			}
		})
	})
	e.admit = s.challenge
	return host{name: "Azure Arc", path: arcPath, answer: s.answerAt(e), status: oauthStatus}
}

// challenge lets a request through that shows the content of a key file, and sends any other to a new one.
func (s *Server) challenge(c call) *reply {
	why := "Missing Basic Authorization header"
	if values := c.header["Authorization"]; len(values) > 0 {
		why = "The key in the Authorization header is not valid, or was used before"
		scheme, key, _ := strings.Cut(values[0], " ")
		if len(values) == 1 && scheme == "Basic" && s.keyFiles.use(key) {
			return nil
		}
	}
	file, err := s.keyFiles.add()
	if err != nil {
		r := oauthError(http.StatusInternalServerError, "unknown", err.Error())
		return &r
	}
	r := oauthError(http.StatusUnauthorized, "unauthorized_client", why)
	r.header.Set("WWW-Authenticate", "Basic realm="+file)
	return &r
}
