package fakegraph

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// Assignment assigns a role of a resource to a principal.
type Assignment struct {
	ID                   string    `json:"id"`
	AppRoleID            string    `json:"appRoleId"`
	PrincipalID          string    `json:"principalId"`
	PrincipalDisplayName string    `json:"principalDisplayName"`
	PrincipalType        string    `json:"principalType"`
	ResourceID           string    `json:"resourceId"`
	CreatedOn            time.Time `json:"createdDateTime"`
}

// assignment is the history of an assignment; a removed one stays as nil.
type assignment struct{ replicated[*Assignment] }

// AddAssignment makes an assignment that was there before: a user's, a group's or a service
// principal's.
func (s *Server) AddAssignment(a Assignment) Assignment {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.ID = s.assignmentID()
	if a.CreatedOn.IsZero() {
		a.CreatedOn = time.Now().UTC()
	}
	one := &assignment{}
	one.write(&a, moment{})
	s.assignments = append(s.assignments, one)
	return a
}

// Assignments returns all that were written and not removed.
func (s *Server) Assignments() []Assignment {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Assignment{}
	for _, one := range s.assignments {
		if a := one.latest(); a != nil {
			all = append(all, *a)
		}
	}
	return all
}

// assignmentID returns an id that is not a GUID, as Graph's are not.
func (s *Server) assignmentID() string {
	return base64.RawURLEncoding.EncodeToString([]byte(s.newID("a5")))
}

func (x exchange) listAssignments(id, side string) answer {
	one := x.principalByID(id)
	if one == nil {
		return absent(id)
	}
	if _, there := one.seen(x.moment); !there {
		return absent(id)
	}
	resource, byResource := filtered(x.query.Get("$filter"), `^resourceId eq ([0-9a-f-]{36})$`)
	if x.query.Has("$filter") && (!byResource || side == "appRoleAssignedTo") {
		return badRequest("Unsupported or invalid query filter clause specified for property 'resourceId' of resource 'EntitlementGrant'.")
	}
	found := []Assignment{}
	for _, one := range x.assignments {
		a, there := one.seen(x.moment)
		if !there || a == nil {
			continue
		}
		if side == "appRoleAssignments" && a.PrincipalID == id && (!byResource || a.ResourceID == resource) ||
			side == "appRoleAssignedTo" && a.ResourceID == id {
			found = append(found, *a)
		}
	}
	return listed(x, found)
}

func (x exchange) assign(resource string) answer {
	var a Assignment
	if err := json.Unmarshal(x.body, &a); err != nil {
		return badRequest("Unable to read JSON request payload.")
	}
	to, from := x.principalByID(resource), x.principalByID(a.PrincipalID)
	switch {
	case to == nil, !x.reached(to.referable):
		return absent(resource)
	case from == nil, a.ResourceID != resource, !x.reached(from.referable):
		return badRequest("Not a valid reference update.")
	}
	view, _ := x.view(to)
	if !slices.ContainsFunc(view.AppRoles, func(r Role) bool { return r.ID == a.AppRoleID && r.IsEnabled }) {
		return badRequest("Permission being assigned was not found on application '%s'.", view.AppID)
	}
	for _, one := range x.assignments {
		old := one.latest()
		if old == nil || old.PrincipalID != a.PrincipalID || old.ResourceID != resource || old.AppRoleID != a.AppRoleID {
			continue
		}
		if seen, there := one.seen(x.moment); there && seen != nil {
			return badRequest("Permission being assigned already exists on the object")
		}
		return problem(http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "EntitlementGrant entry already exists.")
	}
	a.ID, a.CreatedOn = x.assignmentID(), x.time.UTC()
	a.PrincipalDisplayName, a.PrincipalType = from.latest().DisplayName, "ServicePrincipal"
	one := &assignment{}
	one.write(&a, x.after(x.lags.Assignments))
	x.assignments = append(x.assignments, one)
	return created(a)
}

func (x exchange) unassign(resource, id string) answer {
	for _, one := range x.assignments {
		if a := one.latest(); a != nil && a.ID == id && a.ResourceID == resource {
			one.write(nil, x.after(x.lags.Assignments))
			return done()
		}
	}
	return absent(id)
}
