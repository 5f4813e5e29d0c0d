package identityapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

// Arc is the agent of Azure Arc. A token takes two calls: the first is answered with 401 and the
// name of a file, which only programs of the machine's administrators can read; the second shows
// what is in it.
//
//	GET /metadata/identity/oauth2/token?api-version=2020-06-01&resource=https://vault.azure.net
//	Metadata: true
//
//	401, WWW-Authenticate: Basic realm=<file>
//
//	the same again, with
//	Authorization: Basic <content of the file>
//
// It accepts api-version 2019-11-01, 2020-06-01 and 2021-02-01, and one of client_id, object_id and
// msi_res_id. It refuses what [IMDS] refuses, with the same texts. A success is that of IMDS, with
// object_id or msi_res_id if the call has named the identity by it: this shows a client that its
// choice was understood, unlike with older agents.
type Arc struct {
	Keys ArcKeys
}

// ArcKeys are the files by which an agent knows the programs of its machine.
type ArcKeys interface {
	// New makes a key and returns the name of its file.
	New() (file string, err error)
	// Use reports whether a key is outstanding. After that it is not.
	Use(key string) bool
}

var arcVersions = []string{"2019-11-01", "2020-06-01", "2021-02-01"}

// Host returns a path that distinguishes Arc from IMDS, which has the same path on other machines.
func (e Arc) Host() Host {
	return Host{Name: "Azure Arc", Path: "/arc/metadata/identity/oauth2/token"}
}

func (e Arc) rules() rules {
	return rules{
		method:   http.MethodGet,
		header:   "Metadata",
		value:    secret.New("true"),
		direct:   true,
		versions: arcVersions,
		ids:      idNames{"client_id": ClientID, "object_id": ObjectID, "msi_res_id": ResourceID},
	}
}

// Answer returns Arc's answer to a token request: the challenge, or the normal answer.
func (e Arc) Answer(ctx context.Context, c Call, s Source) Reply {
	r, refusal := admit(c, e.rules(), e)
	if refusal != nil {
		return *refusal
	}
	if why := e.unproven(c.Header["Authorization"]); why != "" {
		return e.challenge(why)
	}
	return ask(ctx, e, r, s)
}

// unproven returns why the values of Authorization do not show a key, or "".
func (e Arc) unproven(values []string) string {
	if len(values) == 0 {
		return "Missing Basic Authorization header"
	}
	scheme, key, _ := strings.Cut(values[0], " ")
	if len(values) == 1 && scheme == "Basic" && e.Keys.Use(key) {
		return ""
	}
	return "The key in the Authorization header is not valid, or was used before"
}

// challenge sends the client to a new key.
func (e Arc) challenge(why string) Reply {
	file, err := e.Keys.New()
	if err != nil {
		return OAuthError(http.StatusInternalServerError, "unknown", err.Error())
	}
	reply := OAuthError(http.StatusUnauthorized, "unauthorized_client", why)
	reply.Header.Set("WWW-Authenticate", "Basic realm="+file)
	return reply
}

func (e Arc) refuse(_ Request, f Failure) Reply { return metadataRefusal(f, arcVersions) }

func (e Arc) succeed(r Request, t Token) Reply {
	s := newStringToken(r, t)
	switch r.ID.Kind {
	case ObjectID:
		s.objectID = t.ObjectID
	case ResourceID:
		s.resourceID = t.ResourceID
	}
	return s.reply()
}

// Status returns the bodies of 400 and 500, and nothing else.
func (e Arc) Status(code int) Reply { return oauthStatus(code) }
