package fakegraph

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Principal is a service principal as readers see it.
type Principal struct {
	ID                        string   `json:"id"`
	AppID                     string   `json:"appId"`
	DisplayName               string   `json:"displayName"`
	Type                      string   `json:"servicePrincipalType"`
	AlternativeNames          []string `json:"alternativeNames"`
	AppRoles                  []Role   `json:"appRoles"`
	AppRoleAssignmentRequired bool     `json:"appRoleAssignmentRequired"`
}

// principal is the history of one.
type principal struct {
	replicated[Principal]
	referable moment
}

// AddManagedIdentity makes a managed identity of a name, and of an Azure resource id, which may be
// "": a user-assigned one if the id is that of one, else that of the resource. It can be referred
// to after Lags.References.
func (s *Server) AddManagedIdentity(name, armID string) Principal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(Principal{
		ID: s.newID("0b"), AppID: s.newID("c"), DisplayName: name, Type: "ManagedIdentity",
		AlternativeNames: AlternativeNames(armID, strings.Contains(strings.ToLower(armID), "/providers/microsoft.managedidentity/userassignedidentities/")),
	})
}

// AlternativeNames returns those of a managed identity: its Azure resource id, or that of the
// resource that it belongs to, as the directory spells it. There are none for "".
func AlternativeNames(armID string, userAssigned bool) []string {
	if armID == "" {
		return []string{}
	}
	explicit := "isExplicit=False"
	if userAssigned {
		explicit = "isExplicit=True"
	}
	return []string{explicit, strings.Replace(armID, "/resourceGroups/", "/resourcegroups/", 1)}
}

// AddServicePrincipal adds a service principal as it is: that of an application of the portal or of
// another tenant, or of a managed identity.
func (s *Server) AddServicePrincipal(p Principal) Principal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.ID == "" {
		p.ID = s.newID("5e")
	}
	if p.Type == "" {
		p.Type = "Application"
	}
	return s.add(p)
}

func (s *Server) add(p Principal) Principal {
	one := &principal{referable: moment{s.received - 1, time.Now()}.after(s.lags.References)}
	one.write(p, moment{})
	s.principals = append(s.principals, one)
	return p
}

// Principals returns all service principals, as they were written last.
func (s *Server) Principals() []Principal {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Principal
	for _, p := range s.principals {
		all = append(all, p.latest())
	}
	return all
}

func (s *Server) principal(has func(Principal) bool) *principal {
	for _, p := range s.principals {
		if has(p.latest()) {
			return p
		}
	}
	return nil
}

func (s *Server) principalByID(id string) *principal {
	return s.principal(func(p Principal) bool { return p.ID == id })
}

// view returns a service principal at a moment, with the roles that its application has given it by
// then.
func (x exchange) view(one *principal) (p Principal, there bool) {
	p, there = one.seen(x.moment)
	if app := x.application(by("appId", p.AppID)); app != nil {
		p.AppRoles, _ = app.roles.seen(x.moment)
		p.DisplayName = app.latest().DisplayName
	}
	if p.AppRoles == nil {
		p.AppRoles = []Role{}
	}
	return p, there
}

func (x exchange) getPrincipal(key, value string) answer {
	one := x.principal(func(p Principal) bool {
		return key == "id" && p.ID == value || key == "appId" && p.AppID == value
	})
	if one != nil {
		if p, there := x.view(one); there {
			return ok(p)
		}
	}
	return absent(value)
}

func (x exchange) findPrincipals() answer {
	filter := x.query.Get("$filter")
	name, byName := filtered(filter, `^displayName eq `+literal+` and servicePrincipalType eq 'ManagedIdentity'$`)
	alternative, byAlternative := filtered(filter, `^alternativeNames/any\(x:x eq `+literal+`\)$`)
	if !byName && !byAlternative {
		return badRequest("Invalid filter clause: %s", filter)
	}
	found := []Principal{}
	for _, one := range x.principals {
		p, there := x.view(one)
		if there && (byName && p.Type == "ManagedIdentity" && strings.EqualFold(p.DisplayName, name) ||
			byAlternative && slices.Contains(p.AlternativeNames, alternative)) {
			found = append(found, p)
		}
	}
	return listed(x, found)
}

func (x exchange) upsertPrincipal(appID string) answer {
	var change struct {
		AppRoleAssignmentRequired *bool `json:"appRoleAssignmentRequired"`
	}
	if err := json.Unmarshal(x.body, &change); err != nil {
		return badRequest("Unable to read JSON request payload.")
	}
	one := x.principal(func(p Principal) bool { return p.AppID == appID })
	switch {
	case one == nil && !x.upsert:
		return absent(appID)
	case one == nil:
		if refusal, bad := x.noBacking(appID); bad {
			return refusal
		}
		one = &principal{referable: x.after(x.lags.References)}
		one.write(Principal{ID: x.newID("5e"), AppID: appID, Type: "Application", AlternativeNames: []string{}, AppRoles: []Role{}}, x.after(x.lags.ServicePrincipals))
		x.principals = append(x.principals, one)
		p := one.latest()
		p.AppRoleAssignmentRequired = change.AppRoleAssignmentRequired != nil && *change.AppRoleAssignmentRequired
		one.versions[0].value = p
		return created(p)
	}
	p := one.latest()
	if change.AppRoleAssignmentRequired != nil {
		p.AppRoleAssignmentRequired = *change.AppRoleAssignmentRequired
	}
	one.write(p, x.after(x.lags.ServicePrincipals))
	return done()
}

// noBacking refuses a service principal of an application that does not exist, or is not visible
// yet. Graph has two texts for the latter, which alternate here.
func (x exchange) noBacking(appID string) (answer, bool) {
	app := x.application(by("appId", appID))
	if app != nil {
		if _, there := app.seen(x.moment); there {
			return answer{}, false
		}
		if x.writes%2 == 0 {
			return problem(http.StatusForbidden, "Authorization_RequestDenied",
				"When using this permission, the backing application of the service principal being created must in the local tenant"), true
		}
	}
	return badRequest("The appId '%s' of the service principal does not reference a valid application object.", appID), true
}
