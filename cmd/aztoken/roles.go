package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/lookup"
)

type rolesCommand struct {
	*printer
	directory
}

func newRoles(p *printer) *cobra.Command {
	r := &rolesCommand{printer: p}
	cmd := &cobra.Command{
		Use:   "roles --app APP",
		Short: "List the roles of an application and who has them",
		Long: `Lists the roles of the application --app and who has them: managed identities, applications, users and groups.
--app is a client id, an App ID URI, or a name, as for aztoken grant.

You must be signed in (az login, or another source of azidentity's DefaultAzureCredential) with the Graph
permission Application.Read.All, or as a user who may read the directory.`,
		Example: `  aztoken roles --app orders-api
  aztoken roles --app 00000003-0000-0000-c000-000000000000     # who may do what in Microsoft Graph
  aztoken roles --app orders-api --output json | jq -r '.roles[] | select(.value == "consumer") | .members[].name'`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error { return explain(r.run(cmd)) }),
	}
	r.addFlags(cmd, time.Minute, "how long to wait for Microsoft Graph")
	return cmd
}

func (r *rolesCommand) run(cmd *cobra.Command) error {
	if err := r.check(); err != nil {
		return err
	}
	client, err := r.connect(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), r.timeout)
	defer cancel()
	state, err := grant.FindApplication(ctx, client, r.app)
	switch {
	case err != nil:
		return err
	case state.AppID() == "":
		return lookup.NoApplication(r.app, "")
	}
	var assigned []graph.Assignment
	if state.Service != nil {
		if assigned, err = client.AssignmentsTo(ctx, state.Service.ID); err != nil {
			return fmt.Errorf("aztoken: reading who has a role: %w", err)
		}
	}
	result := newRolesResult(state, assigned)
	return r.print(cmd.OutOrStdout(), result, result.text)
}

// rolesResult lists who has which role.
type rolesResult struct {
	Application applicationResult `json:"application"`
	Roles       []roleMembers     `json:"roles"`
}

type roleMembers struct {
	// Value is "" for a role without a value, and for access without a role.
	Value       string       `json:"value"`
	ID          string       `json:"id"`
	DisplayName string       `json:"display_name"`
	Description string       `json:"description,omitempty"`
	Enabled     bool         `json:"enabled"`
	Members     []roleMember `json:"members"`
}

type roleMember struct {
	Name     string    `json:"name"`
	ObjectID string    `json:"object_id"`
	Type     string    `json:"type"` // ServicePrincipal, User or Group
	Since    time.Time `json:"since"`
}

// noRole is the role id of an assignment without a role.
const noRole = "00000000-0000-0000-0000-000000000000"

// newRolesResult groups the assignments by role. One of a deleted role keeps its id.
func newRolesResult(s grant.State, assigned []graph.Assignment) rolesResult {
	r := rolesResult{Application: grantedApplication(s), Roles: []roleMembers{}}
	at := map[string]int{}
	add := func(role roleMembers) {
		at[role.ID] = len(r.Roles)
		role.Members = []roleMember{}
		r.Roles = append(r.Roles, role)
	}
	for _, role := range s.Roles() {
		add(roleMembers{Value: role.Value, ID: role.ID, DisplayName: role.DisplayName, Description: role.Description, Enabled: role.IsEnabled})
	}
	for _, a := range assigned {
		if _, known := at[a.AppRoleID]; !known {
			name := "a deleted role"
			if a.AppRoleID == noRole {
				name = "access without a role"
			}
			add(roleMembers{ID: a.AppRoleID, DisplayName: name, Enabled: a.AppRoleID == noRole})
		}
		role := &r.Roles[at[a.AppRoleID]]
		role.Members = append(role.Members, roleMember{a.PrincipalDisplayName, a.PrincipalID, a.PrincipalType, a.CreatedOn.UTC()})
	}
	for _, role := range r.Roles {
		slices.SortFunc(role.Members, func(a, b roleMember) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ObjectID, b.ObjectID))
		})
	}
	return r
}

func (r rolesResult) text() string {
	var b strings.Builder
	b.WriteString(printable(r.Application.Name) + " (client id " + r.Application.ClientID + ")\n")
	if len(r.Roles) == 0 {
		b.WriteString("no roles\n")
		return b.String()
	}
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "role\twho\ttype\tobject id\tsince")
	for _, role := range r.Roles {
		name := role.Value
		if name == "" {
			name = "(" + role.DisplayName + ")"
		}
		if !role.Enabled && role.Value != "" {
			name += " (disabled)"
		}
		if len(role.Members) == 0 {
			_, _ = fmt.Fprintf(table, "%s\tnone\t\t\t\n", printable(name))
		}
		for _, m := range role.Members {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", printable(name), printable(m.Name), printable(m.Type), printable(m.ObjectID), m.Since.Format(time.DateOnly))
		}
	}
	_ = table.Flush()
	return trailing.ReplaceAllString(b.String(), "\n")
}

// trailing matches the spaces that a table leaves at the end of lines with empty cells.
var trailing = regexp.MustCompile(` +\n`)
