package grant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/guid"
)

// MaxManifest is the most that is read of a manifest. Entra's own limit is a fraction of it.
const MaxManifest = 1 << 20

// Manifest is the part of an application's manifest that is used.
type Manifest struct {
	DisplayName    string
	IdentifierURIs []string // with [OwnID] in place of its own client id
	TokenVersion   int      // 0 if not set
	Roles          []Role
}

// manifestMembers are the members that are read, in the form of Microsoft Graph and in the older
// one of Azure AD Graph, which the portal showed until 2025.
//
// https://learn.microsoft.com/entra/identity-platform/reference-microsoft-graph-app-manifest
// https://learn.microsoft.com/entra/identity-platform/reference-app-manifest
var manifestMembers = []string{
	"appId", "displayName", "name", "identifierUris", "api", "accessTokenAcceptedVersion", "appRoles", "signInAudience",
}

// ParseManifest reads a manifest of either form. It ignores members that are not about roles, names
// and tokens.
func ParseManifest(r io.Reader) (Manifest, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxManifest+1))
	if err != nil {
		return Manifest{}, fmt.Errorf("aztoken: reading the manifest: %w", err)
	}
	if len(text) > MaxManifest {
		return Manifest{}, errors.New("aztoken: the manifest is larger than 1 MiB; use an application's manifest as downloaded from the portal")
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // from editors on Windows
	members, err := object(text)
	if err != nil {
		return Manifest{}, fmt.Errorf("aztoken: the manifest: %w", err)
	}
	m, err := readManifest(members)
	if err != nil {
		return Manifest{}, fmt.Errorf("aztoken: the manifest: %w", err)
	}
	return m, nil
}

func readManifest(members map[string]json.RawMessage) (m Manifest, err error) {
	for name := range members {
		for _, known := range manifestMembers {
			if name != known && strings.EqualFold(name, known) {
				return m, fmt.Errorf("it has %s; write %s", name, known)
			}
		}
	}
	var (
		appID, name, audience string
		version, older        *int
		roles                 []json.RawMessage
	)
	for member, target := range map[string]any{
		"appId": &appID, "displayName": &m.DisplayName, "name": &name, "identifierUris": &m.IdentifierURIs,
		"accessTokenAcceptedVersion": &older, "appRoles": &roles, "signInAudience": &audience,
	} {
		if err := read(members, member, target); err != nil {
			return m, err
		}
	}
	if raw := members["api"]; raw != nil && string(raw) != "null" {
		api, err := object(raw)
		if err != nil {
			return m, fmt.Errorf("api: %w", err)
		}
		if err := read(api, "requestedAccessTokenVersion", &version); err != nil {
			return m, fmt.Errorf("api.%w", err)
		}
	}
	if m.DisplayName == "" {
		m.DisplayName = name
	}
	if audience != "" && audience != "AzureADMyOrg" {
		return m, fmt.Errorf("signInAudience is %q; this command registers single-tenant applications: write AzureADMyOrg, or leave it out", audience)
	}
	if m.TokenVersion, err = oneVersion(version, older); err != nil {
		return m, err
	}
	for i, uri := range m.IdentifierURIs {
		if err := CheckURI(uri); err != nil {
			return m, fmt.Errorf("identifierUris: %s", strings.TrimPrefix(err.Error(), "aztoken: "))
		}
		if appID != "" { // its own, which a new registration will not have
			m.IdentifierURIs[i] = strings.ReplaceAll(uri, appID, OwnID)
		}
	}
	m.Roles, err = readRoles(roles)
	return m, err
}

// oneVersion returns the version of tokens from both forms of a manifest.
func oneVersion(version, older *int) (int, error) {
	if version == nil {
		version = older
	}
	switch {
	case version == nil:
		return 0, nil
	case *version != 1 && *version != 2:
		return 0, fmt.Errorf("the token version is %d; write 1 or 2", *version)
	case older != nil && *older != *version:
		return 0, errors.New("api.requestedAccessTokenVersion and accessTokenAcceptedVersion differ; remove the latter, which is the older form")
	}
	return *version, nil
}

// maxRoles is Entra's limit for roles and all other lists of a manifest.
//
// https://learn.microsoft.com/entra/identity-platform/reference-microsoft-graph-app-manifest#manifest-limits
const maxRoles = 1200

func readRoles(raw []json.RawMessage) ([]Role, error) {
	if len(raw) > maxRoles {
		return nil, fmt.Errorf("it has more than %d roles, which Entra ID does not allow; remove some", maxRoles)
	}
	var all []Role
	for i, text := range raw {
		where := fmt.Sprintf("appRoles[%d]", i)
		members, err := object(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		var r Role
		enabled := true
		for member, target := range map[string]any{
			"value": &r.Value, "id": &r.ID, "displayName": &r.DisplayName, "description": &r.Description,
			"allowedMemberTypes": &r.Members, "isEnabled": &enabled,
		} {
			if err := read(members, member, target); err != nil {
				return nil, fmt.Errorf("%s.%w", where, err)
			}
		}
		if !enabled {
			continue // it cannot be granted
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("%s: %s", where, strings.TrimPrefix(err.Error(), "aztoken: "))
		}
		if r.ID != "" && !guid.Is(r.ID) {
			return nil, fmt.Errorf("%s: the id %q is not a GUID; leave it out to have one generated", where, r.ID)
		}
		if slices.ContainsFunc(all, func(other Role) bool { return other.Value == r.Value || r.ID != "" && other.ID == r.ID }) {
			return nil, fmt.Errorf("%s: another role has the same value or id", where)
		}
		all = append(all, r)
	}
	return all, nil
}

// read reads a member unless it is absent or null.
func read(members map[string]json.RawMessage, name string, target any) error {
	raw, ok := members[name]
	if !ok || string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, target); err != nil {
		return fmt.Errorf("%s has the wrong type", name)
	}
	return nil
}

// object reads one JSON object. Unlike a struct of encoding/json it distinguishes the case of
// names.
func object(text []byte) (members map[string]json.RawMessage, err error) {
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return nil, errors.New("not one JSON object")
	}
	return members, nil
}

// AddTo returns w with what the manifest asks for. What w sets itself wins; roles that it only
// names are as in the manifest.
func (m Manifest) AddTo(w Spec) Spec {
	if w.DisplayName == "" {
		w.DisplayName = m.DisplayName
	}
	if w.TokenVersion == 0 {
		w.TokenVersion = m.TokenVersion
	}
	w.URIs = append(slices.Clone(w.URIs), m.IdentifierURIs...)
	w.Registered = append(slices.Clone(w.Registered), m.Roles...)
	w.Roles = slices.Clone(w.Roles)
	for i, r := range w.Roles {
		j := slices.IndexFunc(m.Roles, func(other Role) bool { return other.Value == r.Value })
		if j >= 0 && r.Description == "" {
			w.Roles[i] = m.Roles[j]
		}
	}
	return w
}
