package imdstest

import (
	"net/http"
	"strconv"
	"time"
)

const (
	imdsPath   = "/metadata/identity/oauth2/token"
	imdsServer = "IMDS/150.870.65.1103"
)

// IMDS returns the environment in which a client asks the metadata service of a virtual machine at this server. Most
// clients take IMDS for granted and need none; those that can be led elsewhere look here.
func (s *Server) IMDS() Environment {
	return Environment{imdsOverride: s.URL}
}

// imds is the metadata service of virtual machines, scale sets, AKS nodes and container instances.
func (s *Server) imds() host {
	e := s.metadata(imdsVersions, func(g grant) reply { return stringReply(g) })
	e.admit = func(c call) *reply {
		if !c.query.Has("mi_res_id") {
			return nil
		}
		r := e.refuse(problem{malformed, "Query variable 'mi_res_id' is not known, use 'msi_res_id'"}) // the name is App Service's
		return &r
	}
	return host{name: "IMDS", path: imdsPath, server: imdsServer, answer: s.answerAt(e), status: imdsStatus}
}

// metadata is the endpoint that IMDS and Azure Arc have in common.
func (s *Server) metadata(versions []string, succeed func(grant) reply) endpoint {
	return endpoint{
		method:   http.MethodGet,
		header:   "Metadata",
		value:    "true",
		direct:   true,
		versions: versions,
		ids:      idNames{"client_id": byClientID, "object_id": byObjectID, "msi_res_id": byResourceID},
		choose:   s.identity,
		refuse: func(p problem) reply {
			switch p.kind {
			case headerMissing, headerWrong:
				return oauthError(http.StatusBadRequest, "invalid_request", "Required metadata header not specified")
			case versionUnknown:
				return badVersion(versions)
			default:
				return s.oauthRefusal(p)
			}
		},
		succeed: succeed,
	}
}

// A stringToken is the success of most hosts: all values are strings, and there is no refresh_in.
type stringToken struct {
	AccessToken  string  `json:"access_token"`
	ClientID     string  `json:"client_id"`
	ExpiresIn    string  `json:"expires_in"`
	ExpiresOn    string  `json:"expires_on"`
	ExtExpiresIn string  `json:"ext_expires_in"`
	NotBefore    string  `json:"not_before"`
	Resource     string  `json:"resource"`
	TokenType    string  `json:"token_type"`
	ObjectID     string  `json:"object_id,omitempty"`     // Azure Arc only
	ResourceID   string  `json:"msi_res_id,omitempty"`    // Azure Arc only
	RefreshToken *string `json:"refresh_token,omitempty"` // Cloud Shell only
}

// stringReply returns a success as IMDS words it, with what other hosts add to it.
func stringReply(g grant, additions ...func(*stringToken)) reply {
	t := stringToken{
		AccessToken:  g.value,
		ClientID:     g.id.ClientID,
		ExpiresIn:    decimal(g.expires - time.Now().Unix()),
		ExpiresOn:    decimal(g.expires),
		ExtExpiresIn: decimal(g.firstLife - 1), // stale in real replies too: it does not run down
		NotBefore:    decimal(g.notBefore),
		Resource:     g.resource,
		TokenType:    "Bearer",
	}
	for _, add := range additions {
		add(&t)
	}
	return jsonReply(http.StatusOK, t)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// imdsStatus returns what IMDS sends with a status, or what Docker Desktop does, which answers in its place.
func imdsStatus(code int) reply {
	if code == http.StatusForbidden {
		r := plainReply(code, "text/plain; charset=utf-8",
			"connecting to 169.254.169.254:80: A socket operation was attempted to an unreachable network.")
		r.foreign = true
		return r
	}
	return oauthStatus(code)
}
