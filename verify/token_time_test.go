package verify_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/verify"
)

func skew(d time.Duration) edit { return func(o *verify.Options) { o.ClockSkew = d } }

// timeRows are tokens at the ends of their lives, to the second, and times that are none.
func timeRows() (rows []row) {
	for _, tc := range []struct {
		option, skew time.Duration
	}{{0, 5 * time.Minute}, {time.Minute, time.Minute}, {-1, 0}} {
		name := fmt.Sprintf(" with a skew of %v", tc.skew)
		rows = append(rows,
			row{name: "a second before its end" + name, token: expires(time.Second - tc.skew), options: skew(tc.option)},
			row{name: "at its end" + name, token: expires(-tc.skew), options: skew(tc.option), want: verify.ErrExpired, says: "an end at "},
			row{name: "a second past its end" + name, token: expires(-time.Second - tc.skew), options: skew(tc.option), want: verify.ErrExpired, says: "an end at "},
			row{name: "at its start" + name, token: begins(tc.skew), options: skew(tc.option)},
			row{name: "a second before its start" + name, token: begins(time.Second + tc.skew), options: skew(tc.option), want: verify.ErrNotYetValid, says: "a start at "})
	}
	// Virtual time begins at midnight UTC 2000-01-01.
	rows = append(rows,
		row{name: "the end is told", token: expires(-time.Hour), want: verify.ErrExpired, says: "1999-12-31T23:00:00Z"},
		row{name: "the start is told", token: begins(time.Hour), want: verify.ErrNotYetValid, says: "2000-01-01T01:00:00Z"},
		row{name: "exp with a fraction", token: claim("exp", json.RawMessage("946684801.5"))})
	for _, name := range []string{"exp", "nbf"} {
		rows = append(rows, row{name: "no " + name, token: claim(name, nil), want: verify.ErrMalformed, says: name})
		for _, value := range []string{`"946771200"`, `""`, `null`, `true`, `[946771200]`, `{}`, `0`, `-1`, `1e300`, `1e400`, `"2000-01-02T00:00:00Z"`, `9223372036854775808`} {
			rows = append(rows, row{name: name + " is " + value, token: claim(name, json.RawMessage(value)), want: verify.ErrMalformed, says: name})
		}
	}
	return append(rows, row{name: "iat is text", token: claim("iat", "1"), want: verify.ErrMalformed, says: "iat"})
}

func roleless(o *verify.Options) { o.AllowRoleless = true }

var roleRows = []row{
	{name: "neither roles nor scp", token: claim("roles", nil), want: verify.ErrRole, says: objectID},
	{name: "no role in roles", token: claim("roles", []string{}), want: verify.ErrRole, says: "neither roles nor scopes"},
	{name: "scp is empty", token: all(claim("roles", nil), claim("scp", " ")), want: verify.ErrRole, says: "neither roles nor scopes"},
	{name: "neither is allowed", token: claim("roles", nil), options: roleless},
	{name: "roles is text", token: claim("roles", "reader"), want: verify.ErrMalformed, says: "roles"},
	{name: "roles is null", token: claim("roles", null), want: verify.ErrMalformed, says: "roles"},
	{name: "a role is a number", token: claim("roles", []any{"reader", 1}), want: verify.ErrMalformed, says: "roles"},
	{name: "scp is an array", token: claim("scp", []string{"orders.read"}), want: verify.ErrMalformed, says: "scp"},
}

func clients(ids ...string) edit { return func(o *verify.Options) { o.Clients = ids } }

const stranger = "c0000000-0000-4000-8000-00000000000f"

var clientRows = []row{
	{name: "by object id", options: clients(stranger, objectID)},
	{name: "by object id in upper case", options: clients(strings.ToUpper(objectID))},
	{name: "by client id", options: clients(clientID)},
	{name: "by client id, version 2", token: version2, options: clients(clientID)},
	{name: "somebody else", options: clients(stranger), want: verify.ErrClient, says: clientID},
	{name: "somebody else by object id", options: clients(stranger), want: verify.ErrClient, says: objectID},
	{name: "by client id without idtyp", token: claim("idtyp", nil), options: clients(clientID), want: verify.ErrClient, says: clientID},
	{name: "by client id of a user", token: claim("idtyp", "user"), options: clients(clientID), want: verify.ErrClient, says: clientID},
	{name: "by client id with idtyp APP", token: claim("idtyp", "APP"), options: clients(clientID), want: verify.ErrClient, says: clientID},
	{name: "by object id of a user", token: claim("idtyp", nil), options: clients(objectID)},
	{name: "by sub", token: claim("sub", stranger), options: clients(stranger), want: verify.ErrClient, says: objectID},
	{name: "azp in version 1", token: claim("azp", stranger), options: clients(stranger), want: verify.ErrClient, says: clientID},
	{name: "appid in version 2", token: all(version2, claim("appid", stranger)), options: clients(stranger), want: verify.ErrClient, says: clientID},
	{name: "no ids", token: all(claim("oid", nil), claim("appid", nil)), options: clients(clientID), want: verify.ErrClient, says: `object id ""`},
	{name: "the right client without a role", token: claim("roles", nil), options: clients(clientID), want: verify.ErrRole, says: clientID},
	{name: "oid is a number", token: claim("oid", 7), want: verify.ErrMalformed, says: "oid"},
	{name: "idtyp is a number", token: claim("idtyp", 7), want: verify.ErrMalformed, says: "idtyp"},
}

var payloadRows = []row{
	{name: "payload null", token: body("null"), want: verify.ErrMalformed, says: "payload"},
	{name: "payload is an array", token: body(`[{"aud":"` + audience + `"}]`), want: verify.ErrMalformed, says: "payload"},
	{name: "payload is text", token: body(`"token"`), want: verify.ErrMalformed, says: "payload"},
	{name: "payload is a number", token: body(`12345`), want: verify.ErrMalformed, says: "payload"},
	{name: "payload is no JSON", token: body(`{tid}`), want: verify.ErrMalformed, says: "payload"},
	{name: "payload ends early", token: body(`{"aud":"` + audience + `"`), want: verify.ErrMalformed, says: "payload"},
	{name: "two payloads", token: func(j *jwt) { j.body = text("", j.claims) + text("", j.claims) }, want: verify.ErrMalformed, says: "payload"},
	{name: "two payloads on two lines", token: func(j *jwt) { j.body = text("", j.claims) + "\n{}" }, want: verify.ErrMalformed, says: "payload"},
	{name: "text after the payload", token: func(j *jwt) { j.body = text("", j.claims) + "}" }, want: verify.ErrMalformed, says: "payload"},
	{name: "a comma too many", token: func(j *jwt) { j.body = strings.Replace(text("", j.claims), "{", "{,", 1) }, want: verify.ErrMalformed, says: "payload"},
	{name: "a byte order mark", token: func(j *jwt) { j.body = "\ufeff" + text("", j.claims) }, want: verify.ErrMalformed, says: "payload"},
	{name: "an empty object", token: body(`{}`), want: verify.ErrMalformed, says: "exp is not present"},
	{name: "an abyss of brackets", token: func(j *jwt) {
		j.body = added(j.claims, `"x":`+strings.Repeat("[", 4000)+strings.Repeat("]", 4000))
	}},
}
