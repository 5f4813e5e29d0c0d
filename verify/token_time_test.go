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

// spoiled replaces part of the payload.
func spoiled(old, bytes string) change {
	return func(j *jwt) { j.body = strings.Replace(text("", j.claims), old, bytes, 1) }
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

func callers(ids ...string) edit { return func(o *verify.Options) { o.Callers = ids } }

const stranger = "c0000000-0000-4000-8000-00000000000f"

var callerRows = []row{
	{name: "by object id", options: callers(stranger, objectID)},
	{name: "by object id in upper case", options: callers(strings.ToUpper(objectID))},
	{name: "by client id", options: callers(clientID)},
	{name: "by client id, version 2", token: version2, options: callers(clientID)},
	{name: "somebody else", options: callers(stranger), want: verify.ErrCaller, says: clientID},
	{name: "somebody else by object id", options: callers(stranger), want: verify.ErrCaller, says: objectID},
	{name: "by client id without idtyp", token: claim("idtyp", nil), options: callers(clientID)},
	{name: "by client id without idtyp, version 2", token: all(version2, claim("idtyp", nil)), options: callers(clientID)},
	{name: "by client id without idtyp, sub is not oid", token: all(claim("idtyp", nil), claim("sub", "pairwise")), options: callers(clientID), want: verify.ErrCaller, says: "optional claim idtyp"},
	{name: "by client id without idtyp and sub", token: all(claim("idtyp", nil), claim("sub", nil)), options: callers(clientID), want: verify.ErrCaller, says: "optional claim idtyp"},
	{name: "by client id without idtyp, with scopes", token: all(claim("idtyp", nil), claim("scp", "read")), options: callers(clientID), want: verify.ErrCaller, says: "with scopes"},
	{name: "by client id without idtyp, with scp that is empty", token: all(claim("idtyp", nil), claim("scp", "")), options: callers(clientID), want: verify.ErrCaller, says: "with scopes"},
	{name: "by client id of a user", token: claim("idtyp", "user"), options: callers(clientID), want: verify.ErrCaller, says: clientID},
	{name: "by client id with idtyp APP", token: claim("idtyp", "APP"), options: callers(clientID), want: verify.ErrCaller, says: clientID},
	{name: "by object id of a user", token: claim("idtyp", nil), options: callers(objectID)},
	{name: "by sub", token: claim("sub", stranger), options: callers(stranger), want: verify.ErrCaller, says: objectID},
	{name: "azp in version 1", token: claim("azp", stranger), options: callers(stranger), want: verify.ErrCaller, says: clientID},
	{name: "appid in version 2", token: all(version2, claim("appid", stranger)), options: callers(stranger), want: verify.ErrCaller, says: clientID},
	{name: "no oid", token: claim("oid", nil), want: verify.ErrMalformed, says: "oid is missing or blank"},
	{name: "oid is blank", token: claim("oid", " "), want: verify.ErrMalformed, says: "oid is missing or blank"},
	{name: "no oid and no roles, where both are allowed", token: all(claim("oid", nil), claim("roles", nil)), options: roleless, want: verify.ErrMalformed, says: "oid"},
	{name: "the right client without a role", token: claim("roles", nil), options: callers(clientID), want: verify.ErrRole, says: clientID},
	{name: "oid is a number", token: claim("oid", 7), want: verify.ErrMalformed, says: "oid"},
	{name: "idtyp is a number", token: claim("idtyp", 7), want: verify.ErrMalformed, says: "idtyp"},
}

// notAccessTokenRows are tokens that Entra has signed, but not for a bearer to call with.
var notAccessTokenRows = []row{
	{name: "an ID token", token: all(version2, claim("azp", nil), claim("idtyp", nil), claim("sub", "pairwise"), claim("aud", clientID), claim("nonce", "n"), claim("c_hash", "h")), options: to(clientID),
		want: verify.ErrNotAccessToken, says: "send the access token"},
	{name: "an ID token of another audience", token: all(claim("nonce", "n"), claim("aud", "other")), want: verify.ErrNotAccessToken, says: "claim nonce"},
	{name: "nonce", token: claim("nonce", "n"), want: verify.ErrNotAccessToken, says: "claim nonce"},
	{name: "nonce is null", token: claim("nonce", null), want: verify.ErrNotAccessToken, says: "claim nonce"},
	{name: "c_hash", token: claim("c_hash", "h"), want: verify.ErrNotAccessToken, says: "claim c_hash"},
	{name: "at_hash", token: claim("at_hash", "h"), want: verify.ErrNotAccessToken, says: "claim at_hash"},
	{name: "s_hash", token: claim("s_hash", "h"), want: verify.ErrNotAccessToken, says: "claim s_hash"},
	{name: "no appid, version 1", token: claim("appid", nil), want: verify.ErrNotAccessToken, says: "no client id"},
	{name: "appid is blank", token: claim("appid", " "), want: verify.ErrNotAccessToken, says: "no client id"},
	{name: "azp in place of appid, version 1", token: all(claim("appid", nil), claim("azp", clientID)), want: verify.ErrNotAccessToken, says: "no client id"},
	{name: "no azp, version 2", token: all(version2, claim("azp", nil)), want: verify.ErrNotAccessToken, says: "no client id"},
	{name: "appid in place of azp, version 2", token: all(version2, claim("azp", nil), claim("appid", clientID)), want: verify.ErrNotAccessToken, says: "no client id"},
	{name: "APPID", token: all(claim("appid", nil), claim("APPID", clientID)), want: verify.ErrNotAccessToken, says: "no client id"},
	{name: "cnf with a certificate", token: claim("cnf", map[string]any{"x5t#S256": "h"}), want: verify.ErrBoundToken, says: "bearer token"},
	{name: "cnf with a key", token: claim("cnf", map[string]any{"jkt": "h"}), want: verify.ErrBoundToken, says: "cnf"},
	{name: "cnf is null", token: claim("cnf", null), want: verify.ErrBoundToken, says: "cnf"},
	{name: "cnf is empty", token: claim("cnf", map[string]any{}), want: verify.ErrBoundToken, says: "cnf"},
	{name: "cnf is text", token: claim("cnf", ""), want: verify.ErrBoundToken, says: "cnf"},
	{name: "cnf is a number", token: claim("cnf", 0), want: verify.ErrBoundToken, says: "cnf"},
}

var payloadRows = []row{
	{name: "a role that is not UTF-8", token: spoiled("reader", "rea\xffer"), want: verify.ErrMalformed, says: "UTF-8"},
	{name: "an overlong encoding", token: spoiled("reader", "rea\xc1\xa4er"), want: verify.ErrMalformed, says: "UTF-8"},
	{name: "half of a surrogate pair in UTF-8", token: spoiled("reader", "\xed\xa0\x80"), want: verify.ErrMalformed, says: "UTF-8"},
	{name: "a claim's name that is not UTF-8", token: spoiled("uti", "ut\xff"), want: verify.ErrMalformed, says: "UTF-8"},
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
