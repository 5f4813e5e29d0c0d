package fakegraph

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// The paths of the calls; a key's quotation marks are doubled within it.
var (
	collectionPath = regexp.MustCompile(`^/(applications|servicePrincipals)$`)
	keyPath        = regexp.MustCompile(`^/(applications|servicePrincipals)\((appId|uniqueName)='((?:[^']|'')*)'\)$`)
	objectPath     = regexp.MustCompile(`^/(applications|servicePrincipals)/([^/]+)$`)
	credentialPath = regexp.MustCompile(`^/applications/([^/]+)/federatedIdentityCredentials(?:/([^/]+))?$`)
	assignedPath   = regexp.MustCompile(`^/servicePrincipals/([^/]+)/(appRoleAssignments|appRoleAssignedTo)(?:/([^/]+))?$`)
)

func (x exchange) route() answer {
	if m := collectionPath.FindStringSubmatch(x.path); m != nil && x.method == http.MethodGet {
		if m[1] == "applications" {
			return x.findApplications()
		}
		return x.findPrincipals()
	}
	if m := keyPath.FindStringSubmatch(x.path); m != nil {
		key := strings.ReplaceAll(m[3], "''", "'")
		switch {
		case m[1] == "applications" && x.method == http.MethodGet:
			return x.getApplication(m[2], key)
		case m[1] == "applications" && m[2] == "uniqueName" && x.method == http.MethodPatch:
			return x.upsertApplication(key)
		case m[1] == "servicePrincipals" && m[2] == "appId" && x.method == http.MethodGet:
			return x.getPrincipal("appId", key)
		case m[1] == "servicePrincipals" && m[2] == "appId" && x.method == http.MethodPatch:
			return x.upsertPrincipal(key)
		}
	}
	if m := objectPath.FindStringSubmatch(x.path); m != nil {
		switch {
		case m[1] == "applications" && x.method == http.MethodGet:
			return x.getApplication("id", m[2])
		case m[1] == "applications" && x.method == http.MethodPatch:
			return x.updateApplication(m[2])
		case m[1] == "servicePrincipals" && x.method == http.MethodGet:
			return x.getPrincipal("id", m[2])
		}
	}
	if m := credentialPath.FindStringSubmatch(x.path); m != nil {
		switch {
		case m[2] == "" && x.method == http.MethodGet:
			return x.listCredentials(m[1])
		case m[2] == "" && x.method == http.MethodPost:
			return x.addCredential(m[1])
		case m[2] != "" && x.method == http.MethodDelete:
			return x.removeCredential(m[1], m[2])
		}
	}
	if m := assignedPath.FindStringSubmatch(x.path); m != nil {
		switch {
		case m[3] == "" && x.method == http.MethodGet:
			return x.listAssignments(m[1], m[2])
		case m[2] == "appRoleAssignedTo" && m[3] == "" && x.method == http.MethodPost:
			return x.assign(m[1])
		case m[2] == "appRoleAssignedTo" && m[3] != "" && x.method == http.MethodDelete:
			return x.unassign(m[1], m[3])
		}
	}
	return badRequest("fakegraph does not know %s %s", x.method, x.path)
}

// newID returns an unused id of a kind, a letter or two of hexadecimal.
func (s *Server) newID(kind string) string {
	for {
		s.made++
		id := fmt.Sprintf("%s-0000-4000-8000-%012d", (kind + "00000000")[:8], s.made)
		used := s.principal(func(p Principal) bool { return p.ID == id || p.AppID == id }) != nil
		if !used && s.application(func(a Application) bool { return a.ID == id || a.AppID == id }) == nil {
			return id
		}
	}
}

// filtered reads one comparison of a filter: pattern has one group, the literal.
func filtered(filter, pattern string) (value string, ok bool) {
	m := regexp.MustCompile(pattern).FindStringSubmatch(filter)
	if m == nil {
		return "", false
	}
	return strings.ReplaceAll(m[1], "''", "'"), true
}

// literal is the pattern of a string of OData.
const literal = `'((?:[^']|'')*)'`
