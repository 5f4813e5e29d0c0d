package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/results"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// A case is a token with a correct signature that a careful service refuses, although it may look
// good.
type trickyCase struct {
	name  string
	token func(srv *imdstest.Server) string
}

// admin is the role that a tricky token tries to get.
const admin = "admin"

func trickyCases() []trickyCase {
	return []trickyCase{
		{"`ROLES` in place of `roles`", claimsOf(func(c map[string]any) { rename(c, "roles", "ROLES") })},
		{"`roleſ` (U+017F) in place of `roles`", claimsOf(func(c map[string]any) { rename(c, "roles", "roleſ") })},
		{"`roles` twice, the second has the role", payload(func(good string) string {
			return strings.TrimSuffix(strings.Replace(good, admin, "none", 1), "}") + `,"roles":["admin"]}`
		})},
		{"`roles` and `ROLES`, the second has the role", payload(func(good string) string {
			return strings.TrimSuffix(strings.Replace(good, admin, "none", 1), "}") + `,"ROLES":["admin"]}`
		})},
		{"`ISS` in place of `iss`", claimsOf(func(c map[string]any) { rename(c, "iss", "ISS") })},
		{"no `exp`", claimsOf(func(c map[string]any) { delete(c, "exp") })},
		{"`exp` is a string", claimsOf(func(c map[string]any) { c["exp"] = fmt.Sprint(c["exp"]) })},
		{"two JSON values as payload", payload(func(good string) string { return good + "{}" })},
		{"an unknown extension in `crit`", header(func(h string) string {
			return strings.TrimSuffix(h, "}") + `,"crit":["https://example.com/x"],"https://example.com/x":true}`
		})},
		{"`alg` twice, the first is none", header(func(h string) string { return `{"alg":"none",` + strings.TrimPrefix(h, "{") })},
		{"`typ` of a logout token", header(func(h string) string { return strings.Replace(h, `"typ":"JWT"`, `"typ":"logout+jwt"`, 1) })},
		{"unused bits of the signature set", spelled(flipUnused)},
		{"a newline in the signature", spelled(func(t string) string { return t[:len(t)-8] + "\n" + t[len(t)-8:] })},
		{"the signature with padding", spelled(func(t string) string { return t + "==" })},
		{"white space around it", spelled(func(t string) string { return " " + t + "\n" })},
		{"the JSON serialization", spelled(asJSON)},
	}
}

// mint returns a good token with the role admin, changed by the edit.
func mint(srv *imdstest.Server, edit func(*imdstest.JWT)) string {
	return srv.Mint(audience, func(j *imdstest.JWT) { j.Claims["roles"] = []string{admin} }, edit)
}

func claimsOf(edit func(map[string]any)) func(*imdstest.Server) string {
	return func(srv *imdstest.Server) string { return mint(srv, func(j *imdstest.JWT) { edit(j.Claims) }) }
}

func payload(edit func(good string) string) func(*imdstest.Server) string {
	return func(srv *imdstest.Server) string {
		return mint(srv, func(j *imdstest.JWT) { j.Payload = []byte(edit(text(j.Claims))) })
	}
}

func header(edit func(good string) string) func(*imdstest.Server) string {
	return func(srv *imdstest.Server) string {
		return mint(srv, func(j *imdstest.JWT) { j.RawHeader = []byte(edit(text(j.Header))) })
	}
}

func spelled(edit func(token string) string) func(*imdstest.Server) string {
	return func(srv *imdstest.Server) string { return edit(mint(srv, func(*imdstest.JWT) {})) }
}

func rename(members map[string]any, from, to string) {
	members[to] = members[from]
	delete(members, from)
}

func text(members map[string]any) string {
	all, err := json.Marshal(members)
	if err != nil {
		panic(err) // cannot happen: only strings and numbers
	}
	return string(all)
}

// flipUnused changes the last character of a token to one that a lenient decoder reads as the same
// bytes.
func flipUnused(token string) string {
	want, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
	if err != nil {
		panic(err) // cannot happen: a good token's signature
	}
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		changed := token[:len(token)-1] + string(last)
		got, err := base64.RawURLEncoding.DecodeString(changed[strings.LastIndexByte(token, '.')+1:])
		if changed != token && err == nil && slices.Equal(got, want) {
			return changed
		}
	}
	panic("verification: the signature has no unused bits")
}

func asJSON(token string) string {
	parts := strings.Split(token, ".")
	return text(map[string]any{"protected": parts[0], "payload": parts[1], "signature": parts[2]})
}

const (
	refuse      = "refused"
	accept      = results.Accepted
	withoutRole = "without the role"
)

// verdicts returns the verdict of each library, in order, on a token with the role admin.
func verdicts(ctx context.Context, all []library, srv *imdstest.Server, token string) ([]string, error) {
	said := make([]string, len(all))
	for i, l := range all {
		v, done, err := l.new(ctx, &http.Client{Transport: srv})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		roles, err := v(ctx, token)
		done()
		switch {
		case err != nil:
			said[i] = refuse
		case slices.Contains(roles, admin):
			said[i] = accept
		default:
			said[i] = withoutRole
		}
	}
	return said, nil
}
