package aztoken_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

const (
	ownOID   = "0b000000-0000-4000-8000-00000000000a"
	otherOID = "0b000000-0000-4000-8000-00000000000b"
	otherARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/other"
)

// twoIdentities are a machine's own identity, and one that has to be named.
var twoIdentities = imdstest.Options{Identities: []imdstest.Identity{
	{SystemAssigned: true, ClientID: "c0000000-0000-4000-8000-00000000000a", ObjectID: ownOID},
	{ClientID: "c0000000-0000-4000-8000-00000000000b", ObjectID: otherOID, ResourceID: otherARM},
}}

// ids are the ways to name an identity, and whose token it gives.
var ids = map[string]struct {
	id  aztoken.ID
	oid string
}{
	"default":     {nil, ownOID},
	"client id":   {aztoken.ClientID("c0000000-0000-4000-8000-00000000000b"), otherOID},
	"object id":   {aztoken.ObjectID(otherOID), otherOID},
	"resource id": {aztoken.ResourceID(otherARM), otherOID},
}

func sha256Of(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// onEveryHost runs f in virtual time for each platform and each kind of id that it takes.
func onEveryHost(t *testing.T, f func(t *testing.T, p platform, id string)) {
	t.Helper()
	t.Parallel()
	for _, p := range platforms {
		for _, id := range p.takes {
			t.Run(p.name+", "+id, func(t *testing.T) {
				virtually(t, func(t *testing.T) { f(t, p, id) })
			})
		}
	}
}

func TestEveryHostGivesTheTokenOfTheIdentityThatIsAskedFor(t *testing.T) {
	onEveryHost(t, func(t *testing.T, p platform, id string) {
		m := p.machine(t, twoIdentities)
		c, err := m.client(t, aztoken.Options{ID: ids[id].id})
		require.NoError(t, err)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		claims, err := tok.UnverifiedClaims()
		require.NoError(t, err)
		require.Equal(t, ids[id].oid, claims.ObjectID)
		require.Equal(t, resource, claims.Audience)
		require.Equal(t, 24*time.Hour, tok.ExpiresOn.Sub(tok.AcquiredOn).Round(time.Second))
		require.Equal(t, p.asks, m.Count())
		for _, r := range m.Requests() {
			require.Equal(t, p.name, r.Host)
		}
		require.Contains(t, c.Status().Host, p.name+" at http")
		m.requireNoSecret(t, fmt.Sprintf("%+v %+v", c, c.Status()))
	})
}

func TestAnIDThatTheHostDoesNotTakeIsAnErrorOfNewClient(t *testing.T) {
	t.Parallel()
	for _, p := range platforms {
		m := p.machine(t, twoIdentities)
		for name, named := range ids {
			_, err := m.client(t, aztoken.Options{ID: named.id})
			if slices.Contains(p.takes, name) {
				require.NoError(t, err, p.name, name)
				continue
			}
			require.ErrorContains(t, err, "aztoken: Options.ID: ", p.name, name)
			require.ErrorContains(t, err, p.name)
			m.requireNoSecret(t, err.Error())
		}
	}
}

func TestWhateverAHostAnswersIsTheRightErrorAndNoSecretIsInIt(t *testing.T) {
	const soon, ended = time.Duration(0), 75 * time.Second
	for _, tc := range []struct {
		fault  imdstest.Fault
		status int
		after  time.Duration // when a caller without a deadline has its error
		says   string
	}{
		{imdstest.Status(400), 400, soon, "400 Bad Request"},
		{imdstest.Status(401), 401, soon, ""},
		{imdstest.Status(404), 404, ended, "404 Not Found"},
		{imdstest.Status(410), 410, ended, "410 Gone"},
		{imdstest.Status(429).WithRetryAfter(5 * time.Second), 429, ended, "429 Too Many Requests"},
		{imdstest.Body(429, "text/plain", "slow down, please"), 429, ended, "slow down, please"},
		{imdstest.Status(500), 500, ended, "500 Internal Server Error"},
		{imdstest.Hang(), 0, ended, "no answer in time"},
		{imdstest.NotJSON(), 200, soon, "not one JSON object"},
		{imdstest.Redirect("http://thief.test/"), 302, soon, "redirects are not followed"},
		{imdstest.Huge(300 << 20), 0, soon, "larger than 1 MiB"},
	} {
		t.Run(tc.fault.String(), func(t *testing.T) {
			onEveryHost(t, func(t *testing.T, p platform, id string) {
				m := p.machine(t, twoIdentities)
				var log bytes.Buffer
				c, err := m.client(t, aztoken.Options{
					ID:      ids[id].id,
					Logger:  slog.New(slog.NewTextHandler(&log, nil)),
					OnEvent: func(e aztoken.Event) { m.requireNoSecret(t, fmt.Sprintf("%+v", e)) },
				})
				require.NoError(t, err)
				m.Break(tc.fault)
				after, tries := tc.after, 1
				if p.name == "workload identity" && tc.status == 401 {
					after, tries = 7*time.Second, 3 // a replica of the directory may not know of the credential yet
				}
				if p.name == "Service Fabric" && tc.status == 404 {
					after = soon // it says with a code that this one does not pass
				}

				start := time.Now()
				_, err = c.Token(t.Context(), resource)
				var e *aztoken.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, tc.status, e.StatusCode)
				require.ErrorContains(t, err, tc.says)
				require.ErrorContains(t, err, p.name+" at http")
				require.LessOrEqual(t, time.Since(start), after)
				if tc.after == soon || after == soon {
					require.Equal(t, tries, m.Count())
				} else {
					require.Greater(t, time.Since(start), ended/2)
				}
				m.requireNoSecret(t, fmt.Sprintf("%v %+v %#v", err, errors.Unwrap(err), e))

				m.Recover()
				time.Sleep(time.Minute)
				_, err = c.Token(t.Context(), resource)
				require.NoError(t, err)
				synctest.Wait()
				m.requireNoSecret(t, log.String())
			})
		})
	}
}

func TestAnIdentityThatIsNotAssignedIsErrIdentityNotFoundOnEveryHost(t *testing.T) {
	onEveryHost(t, func(t *testing.T, p platform, id string) {
		opts := imdstest.Options{Identities: []imdstest.Identity{}}
		if id != "default" {
			opts.Identities = []imdstest.Identity{{SystemAssigned: true}}
		}
		m := p.machine(t, opts)
		m.env["DEFAULT_IDENTITY_CLIENT_ID"], m.env["AZURE_CLIENT_ID"] = "c0000000-0000-4000-8000-0000000000ff", "c0000000-0000-4000-8000-0000000000ff"
		c, err := m.client(t, aztoken.Options{ID: ids[id].id})
		require.NoError(t, err)
		_, err = c.Token(t.Context(), resource)
		if p.name == "Cloud Shell" {
			require.Error(t, err, "whoever is signed in there has an identity")
			return
		}
		require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
		require.ErrorContains(t, err, "; ", "what to do")
	})
}

func TestAnOutageOfHalfATokensLifeHarmsNobodyOnAnyHost(t *testing.T) {
	t.Parallel()
	for _, p := range platforms {
		for _, fault := range outages {
			for start := time.Hour; start <= 25*time.Hour; start += 6 * time.Hour {
				t.Run(fmt.Sprintf("%s, %v after %v", p.name, fault, start), func(t *testing.T) {
					virtually(t, func(t *testing.T) {
						m := p.machine(t, imdstest.Options{MintAfter: -1})
						c, err := m.client(t, aztoken.Options{})
						require.NoError(t, err)
						requireNoHarm(t, use(t, c, start))
						m.BreakFor(12*time.Hour, fault)
						requireNoHarm(t, use(t, c, 60*time.Hour-start))
						require.LessOrEqual(t, m.Count(), 250*p.asks)
					})
				})
			}
		}
	}
}

func TestEveryTryOnEveryHostIsBounded(t *testing.T) {
	onEveryHost(t, func(t *testing.T, p platform, id string) {
		for answered := range p.asks {
			m := p.machine(t, twoIdentities)
			c, err := m.client(t, aztoken.Options{ID: ids[id].id})
			require.NoError(t, err)
			m.Next(append(slices.Repeat([]imdstest.Fault{imdstest.OK()}, answered), imdstest.Hang())...)
			start := time.Now()
			_, err = c.Token(t.Context(), resource)
			require.NoError(t, err)
			require.Less(t, time.Since(start), 40*time.Second, "a request that hangs is given up for another")
		}
	})
}

func TestTheAdviceOfTheHostIsInTheError(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault  imdstest.Fault
		advice string
	}{
		"App Service":       {imdstest.Refused(), "$IDENTITY_ENDPOINT"},
		"Azure Arc":         {imdstest.Refused(), "azcmagent"},
		"Service Fabric":    {imdstest.Status(404), "IdentityBindingPolicy"},
		"Cloud Shell":       {imdstest.Refused(), "$MSI_ENDPOINT"},
		"Azure ML":          {imdstest.Refused(), "$MSI_ENDPOINT"},
		"workload identity": {imdstest.Status(401), "federated credential"},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				m := on(name).machine(t, imdstest.Options{})
				c, err := m.client(t, aztoken.Options{})
				require.NoError(t, err)
				m.Break(tc.fault)
				_, err = c.Token(t.Context(), resource)
				require.ErrorContains(t, err, tc.advice)
				if tc.fault == imdstest.Refused() {
					require.ErrorIs(t, err, aztoken.ErrNoManagedIdentity)
				}
			})
		})
	}
}

func TestThatEntraCannotBeReachedIsNoLackOfAnIdentity(t *testing.T) {
	virtually(t, func(t *testing.T) {
		m := on("workload identity").machine(t, imdstest.Options{})
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		m.Break(imdstest.Refused())
		start := time.Now()
		_, err = c.Token(t.Context(), resource)
		require.Error(t, err)
		require.NotErrorIs(t, err, aztoken.ErrNoManagedIdentity)
		require.Greater(t, time.Since(start), time.Minute, "it is an outage, and may be over")
	})
}

func TestOverServiceFabricAChallengeNamesTheTokenThatWasRefused(t *testing.T) {
	virtually(t, func(t *testing.T) {
		m := on("Service Fabric").machine(t, imdstest.Options{})
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		opts := policy.TokenRequestOptions{Scopes: []string{resource}}
		first, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
		opts.Claims = `{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}`
		second, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
		require.NotEqual(t, first.Token, second.Token, "the platform's cache was passed")
		challenged := m.Requests()[1].Query
		require.Equal(t, []string{"cp1"}, challenged["xms_cc"])
		require.Equal(t, []string{sha256Of(first.Token)}, challenged["token_sha256_to_refresh"])
		require.NotContains(t, m.Requests()[0].Query, "xms_cc")
	})
}

func TestElsewhereAChallengeThatBringsTheSameTokenIsAnErrorThatSaysSo(t *testing.T) {
	t.Parallel()
	for _, p := range platforms {
		if p.name == "Service Fabric" || p.name == "workload identity" {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				m := p.machine(t, imdstest.Options{})
				c, err := m.client(t, aztoken.Options{})
				require.NoError(t, err)
				opts := policy.TokenRequestOptions{Scopes: []string{resource}}
				_, err = c.GetToken(t.Context(), opts)
				require.NoError(t, err)
				opts.Claims = "{}"
				_, err = c.GetToken(t.Context(), opts)
				require.ErrorContains(t, err, "the same token again")
				require.Equal(t, 2*p.asks, m.Count(), "one request past the cache")
			})
		})
	}
}

func TestAFederatedTokenMayBeReplacedAtAnyTime(t *testing.T) {
	virtually(t, func(t *testing.T) {
		m := on("workload identity").machine(t, imdstest.Options{})
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		tokens := map[string]bool{}
		for range 72 {
			requireNoHarm(t, use(t, c, time.Hour))
			tok, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			tokens[tok.Value()] = true
			m.RotateFederatedToken()
		}
		require.GreaterOrEqual(t, len(tokens), 6, "each exchange with the token of the hour")
	})
}

func TestACallerThatGivesUpIsToldWhatTheHostHadComeTo(t *testing.T) {
	virtually(t, func(t *testing.T) {
		m := on("App Service").machine(t, imdstest.Options{})
		m.Break(imdstest.Refused())
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Token(ctx, resource)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, aztoken.ErrNoManagedIdentity)
		require.ErrorContains(t, err, "connection refused")
		require.ErrorContains(t, err, "$IDENTITY_ENDPOINT: unset it")
	})
}

func TestAChallengeIsActedOnWhateverWasRefusedBefore(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(c *aztoken.Client, token aztoken.Token){
		"while another is looked for": func(c *aztoken.Client, token aztoken.Token) { c.Invalidate(token) },
		"within the hold-off of a refusal": func(c *aztoken.Client, token aztoken.Token) {
			c.Invalidate(token)
			time.Sleep(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				m := on("Service Fabric").machine(t, imdstest.Options{})
				c, err := m.client(t, aztoken.Options{})
				require.NoError(t, err)
				first, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				before(c, first)
				second, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: "{}"})
				require.NoError(t, err)
				require.NotEqual(t, first.Value(), second.Token)
				synctest.Wait()
				requests := m.Requests()
				require.LessOrEqual(t, len(requests), 3)
				require.True(t, slices.ContainsFunc(requests, func(r imdstest.Request) bool {
					return r.Query.Get("token_sha256_to_refresh") == sha256Of(first.Value())
				}))
			})
		})
	}
}
