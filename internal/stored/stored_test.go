package stored_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/stored"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// jwtOf returns an unsigned token with claims.
func jwtOf(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(claims)) + ".c2ln"
}

// token returns a token that was acquired and given at hours after noon, and lives for a day.
func token(value string, acquired, given float64) stored.Token {
	at := func(h float64) time.Time { return noon.Add(time.Duration(h * float64(time.Hour))) }
	return stored.Token{Value: secret.New(value), Acquired: at(acquired), Given: at(given), Expires: at(acquired).Add(24 * time.Hour)}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	t.Run("returns what was encoded", func(t *testing.T) {
		t.Parallel()
		want := token("opaque", 0, 1)
		want.Rejected = noon.Add(-time.Hour)
		got, ok := stored.Decode(want.Encode())
		require.True(t, ok)
		require.Equal(t, "opaque", got.Value.Reveal())
		for name, pair := range map[string][2]time.Time{
			"acquired": {want.Acquired, got.Acquired}, "given": {want.Given, got.Given},
			"expires": {want.Expires, got.Expires}, "rejected": {want.Rejected, got.Rejected},
		} {
			require.True(t, pair[0].Equal(pair[1]), name)
		}
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", got, got, got), "opaque")
	})
	t.Run("ends a JWT at its own exp", func(t *testing.T) {
		t.Parallel()
		exp := noon.Add(6 * time.Hour)
		got, ok := stored.Decode(token(jwtOf(fmt.Sprintf(`{"exp":%d}`, exp.Unix())), 0, 0).Encode())
		require.True(t, ok)
		require.True(t, got.Expires.Equal(exp))
	})
	for name, text := range map[string]string{
		"nothing":                    ``,
		"no JSON":                    `{`,
		"another version":            `{"v":2,"token":"t","acquired":1,"given":1,"expires":2}`,
		"no version":                 `{"token":"t","acquired":1,"given":1,"expires":2}`,
		"no token":                   `{"v":1,"acquired":1,"given":1,"expires":2}`,
		"no times":                   `{"v":1,"token":"t"}`,
		"ends before it begins":      `{"v":1,"token":"t","acquired":3,"given":3,"expires":2}`,
		"given before acquired":      `{"v":1,"token":"t","acquired":2,"given":1,"expires":3}`,
		"given after its end":        `{"v":1,"token":"t","acquired":1,"given":9,"expires":3}`,
		"lives longer than any":      `{"v":1,"token":"t","acquired":1,"given":1,"expires":99999999999999}`,
		"times beyond all calendars": fmt.Sprintf(`{"v":1,"token":"t","acquired":%d,"given":1,"expires":%d}`, math.MinInt64, math.MaxInt64),
		"its exp is past":            string(token(jwtOf(`{"exp":1}`), 0, 0).Encode()),
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			_, ok := stored.Decode([]byte(text))
			require.False(t, ok)
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(token("opaque", 0, 1).Encode())
	f.Add([]byte(`{"v":1,"token":"t","acquired":1,"given":1,"expires":2,"rejected":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := stored.Decode(text)
		if !ok {
			return
		}
		require.NotEmpty(t, got.Value.Reveal())
		require.True(t, got.Acquired.Before(got.Expires))
		require.False(t, got.Given.Before(got.Acquired))
		again, ok := stored.Decode(got.Encode())
		require.True(t, ok)
		require.True(t, again.Expires.Equal(got.Expires))
	})
}

func TestIsUsable(t *testing.T) {
	t.Parallel()
	const tolerance = 5 * time.Minute
	at := func(h float64) time.Time { return noon.Add(time.Duration(h * float64(time.Hour))) }
	for name, tc := range map[string]struct {
		now, rejected time.Time
		tolerance     time.Duration
		want          bool
	}{
		"in its life":                         {at(1), time.Time{}, tolerance, true},
		"at the moment that it was acquired":  {at(0), time.Time{}, tolerance, true},
		"a second before its end":             {at(24).Add(-time.Second), time.Time{}, tolerance, false},
		"after its end":                       {at(25), time.Time{}, tolerance, false},
		"acquired a little ahead":             {at(0).Add(-tolerance), time.Time{}, tolerance, true},
		"acquired further ahead":              {at(0).Add(-tolerance - 1), time.Time{}, tolerance, false},
		"acquired further ahead, as the last": {at(-5), time.Time{}, math.MaxInt64, true},
		"rejected itself":                     {at(1), at(0), tolerance, false},
		"acquired before a rejected one":      {at(1), at(0.5), tolerance, false},
		"acquired after a rejected one":       {at(1), at(-0.5), tolerance, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, token("a", 0, 0).IsUsable(tc.now, tc.rejected, tc.tolerance))
		})
	}
}

func TestBest(t *testing.T) {
	t.Parallel()
	early, late := token("early", 0, 0), token("late", 3, 3)
	replaced := token("replacement", 2, 2)
	// This rejects the token itself too: nothing acquired up to then may be used.
	replaced.Rejected = late.Acquired
	marked := token("marked", 4, 4)
	marked.Rejected = late.Acquired
	for name, tc := range map[string]struct {
		tokens []stored.Token
		fits   func(stored.Token) bool
		want   string
	}{
		"none":                      {nil, nil, ""},
		"one":                       {[]stored.Token{early}, nil, "early"},
		"the one that ends later":   {[]stored.Token{early, late}, nil, "late"},
		"whatever the order":        {[]stored.Token{late, early}, nil, "late"},
		"not one that does not fit": {[]stored.Token{early, late}, func(t stored.Token) bool { return t.Value.Reveal() != "late" }, "early"},
		"not one that was rejected": {[]stored.Token{late, marked, early}, nil, "marked"},
		"none if all were rejected": {[]stored.Token{early, replaced}, nil, ""},
		"a stranger's word is none": {[]stored.Token{early, replaced}, func(t stored.Token) bool { return t.Value.Reveal() == "early" }, "early"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payloads := [][]byte{[]byte("damaged")}
			for _, token := range tc.tokens {
				payloads = append(payloads, token.Encode())
			}
			fits := tc.fits
			if fits == nil {
				fits = func(stored.Token) bool { return true }
			}
			got, ok := stored.Best(payloads, fits)
			require.Equal(t, tc.want != "", ok)
			require.Equal(t, tc.want, got.Value.Reveal())
		})
	}
}

func TestMayReplace(t *testing.T) {
	t.Parallel()
	mine, other := jwtOf(`{"oid":"a"}`), jwtOf(`{"oid":"b"}`)
	rejecting := func(t stored.Token, hours float64) stored.Token {
		t.Rejected = noon.Add(time.Duration(hours * float64(time.Hour)))
		return t
	}
	shorter := token("shorter", 2, 2)
	shorter.Expires = noon.Add(time.Hour)
	for name, tc := range map[string]struct {
		ours, old stored.Token
		want      bool
	}{
		"a later token":                        {token("b", 1, 1), token("a", 0, 0), true},
		"an earlier token":                     {token("a", 0, 0), token("b", 1, 1), false},
		"the same, given again":                {token("a", 0, 2), token("a", 0, 1), true},
		"the same":                             {token("a", 0, 1), token("a", 0, 1), false},
		"one that ends sooner":                 {shorter, token("a", 0, 0), false},
		"one that ends sooner for a rejected":  {rejecting(shorter, 1), token("a", 0, 0), true},
		"the rejected one for its replacement": {token("a", 0, 0), rejecting(shorter, 1), false},
		"a later one for a replacement":        {token("c", 3, 3), rejecting(shorter, 1), true},
		"another identity's, acquired later":   {token(mine, 1, 1), token(other, 0, 0), true},
		"another identity's, acquired earlier": {token(mine, 0, 0), token(other, 1, 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, tc.ours.MayReplace(tc.old))
		})
	}
	t.Run("one of another identity that ends later but was acquired earlier", func(t *testing.T) {
		t.Parallel()
		ours := token(mine, 0, 0)
		ours.Expires = ours.Expires.Add(48 * time.Hour)
		require.False(t, ours.MayReplace(token(other, 1, 1)))
	})
}

func TestFits(t *testing.T) {
	t.Parallel()
	const id = "11111111-1111-1111-1111-111111111111"
	const resourceID = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders"
	claims := func(members map[string]string) string {
		text, err := json.Marshal(members)
		require.NoError(t, err)
		return jwtOf(string(text))
	}
	for name, tc := range map[string]struct {
		token  string
		id     hosts.ID
		tenant string
		want   bool
	}{
		"the default identity's is any":  {claims(map[string]string{"oid": "x"}), hosts.ID{}, "", true},
		"client id, v1":                  {claims(map[string]string{"appid": id}), hosts.ID{Kind: hosts.ClientID, Value: id}, "", true},
		"client id, v2":                  {claims(map[string]string{"azp": id}), hosts.ID{Kind: hosts.ClientID, Value: id}, "", true},
		"another client id":              {claims(map[string]string{"appid": "x"}), hosts.ID{Kind: hosts.ClientID, Value: id}, "", false},
		"object id in upper case":        {claims(map[string]string{"oid": "ABC"}), hosts.ID{Kind: hosts.ObjectID, Value: "abc"}, "", true},
		"another object id":              {claims(map[string]string{"oid": "x"}), hosts.ID{Kind: hosts.ObjectID, Value: id}, "", false},
		"resource id in other case":      {claims(map[string]string{"xms_mirid": resourceID}), hosts.ID{Kind: hosts.ResourceID, Value: "/SUBSCRIPTIONS/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders"}, "", true},
		"another resource id":            {claims(map[string]string{"xms_mirid": "/x"}), hosts.ID{Kind: hosts.ResourceID, Value: resourceID}, "", false},
		"a token that names no resource": {claims(map[string]string{"oid": "x"}), hosts.ID{Kind: hosts.ResourceID, Value: resourceID}, "", true},
		"the tenant":                     {claims(map[string]string{"tid": id}), hosts.ID{}, id, true},
		"another tenant":                 {claims(map[string]string{"tid": "22222222-2222-2222-2222-222222222222"}), hosts.ID{}, id, false},
		"a tenant by its domain":         {claims(map[string]string{"tid": id}), hosts.ID{}, "contoso.com", true},
		"what is not a JWT says nothing": {"opaque", hosts.ID{Kind: hosts.ClientID, Value: id}, id, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, stored.Fits(tc.token, tc.id, tc.tenant))
		})
	}
}

func TestSameObject(t *testing.T) {
	t.Parallel()
	a, b := jwtOf(`{"oid":"a"}`), jwtOf(`{"oid":"b"}`)
	require.True(t, stored.SameObject(a, jwtOf(`{"oid":"a","iat":1}`)))
	require.False(t, stored.SameObject(a, b))
	require.True(t, stored.SameObject(a, "opaque"))
	require.True(t, stored.SameObject("opaque", "other"))
}

func TestDraw(t *testing.T) {
	t.Parallel()
	require.Equal(t, stored.Draw("a", 1), stored.Draw("a", 1))
	require.NotEqual(t, stored.Draw("a", 1), stored.Draw("a", 2))
	require.NotEqual(t, stored.Draw("a", 1), stored.Draw("b", 1))
	var sum float64
	const draws = 10_000
	for i := range draws {
		d := stored.Draw(fmt.Sprint(i), 7)
		require.GreaterOrEqual(t, d, 0.0)
		require.Less(t, d, 1.0)
		sum += d
	}
	require.InDelta(t, 0.5, sum/draws, 0.02)
}
