package aztoken_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`

var claimsChallenge = `Bearer realm="", error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`

// counting is a source of tokens token-1, token-2 and so on, that records the claims it was asked for.
type counting struct{ claims []string }

func (s *counting) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	s.claims = append(s.claims, o.Claims)
	return azcore.AccessToken{Token: fmt.Sprint("token-", len(s.claims)), ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

func ofSource(t *testing.T, source azcore.TokenCredential) *aztoken.Client {
	t.Helper()
	c, err := aztoken.NewClient(&aztoken.Options{Credential: source})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestTransportPassesTheClaimsOfAChallengeOn(t *testing.T) {
	virtually(t, func(t *testing.T) {
		source := new(counting)
		service := &picky{refuse: func(token string) bool { return token == "token-1" }, challenge: claimsChallenge}
		resp, err := service.client(t, ofSource(t, source)).Get("https://api.example.com/")
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, []string{"", claims}, source.claims)
	})
}

func TestAnSDKClientThatIsAlwaysChallengedDoesNotHammerTheEndpoint(t *testing.T) {
	t.Parallel()
	for name, mintAfter := range map[string]time.Duration{"a new token each time": -1, "the platform's cache": 0} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				imds := imdstest.New(&imdstest.Options{MintAfter: mintAfter})
				service := &picky{refuse: func(string) bool { return true }, challenge: claimsChallenge}
				pipeline := runtime.NewPipeline("test", "v1.0.0", runtime.PipelineOptions{
					PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(over(t, imds, aztoken.Options{}), []string{resource + "/.default"}, nil)},
				}, &policy.ClientOptions{Transport: handlerTransport(service.ServeHTTP)})
				for range 50 {
					req, err := runtime.NewRequest(t.Context(), http.MethodGet, resource)
					require.NoError(t, err)
					resp, err := pipeline.Do(req)
					if err != nil {
						require.ErrorContains(t, err, "no other token")
						continue
					}
					require.Equal(t, 401, resp.StatusCode)
				}
				require.LessOrEqual(t, imds.Count(), 3)
			})
		})
	}
}

func TestAChallengeThatBringsTheSameTokenIsAnErrorThatSaysSo(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		opts := policy.TokenRequestOptions{Scopes: []string{resource}}
		first, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
		opts.Claims = claims
		_, err = c.GetToken(t.Context(), opts)
		require.ErrorContains(t, err, "returns the same token again for up to 24 h")
		require.Equal(t, 2, imds.Count())
		opts.Claims = ""
		again, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
		require.Equal(t, first.Token, again.Token, "it serves whoever does not challenge it")
	})
}

func TestAChallengeWithoutATokenGetsOne(t *testing.T) {
	virtually(t, func(t *testing.T) {
		source := new(counting)
		_, err := ofSource(t, source).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
		require.NoError(t, err)
		require.Equal(t, []string{claims}, source.claims)
	})
}

func TestTheClaimsOfAChallengeAreNotAskedForByLaterRefreshes(t *testing.T) {
	virtually(t, func(t *testing.T) {
		source := new(counting)
		c := ofSource(t, source)
		_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
		require.NoError(t, err)
		requireNoHarm(t, use(t, c, 24*time.Hour))
		require.Greater(t, len(source.claims), 1)
		for _, later := range source.claims[1:] {
			require.Empty(t, later)
		}
	})
}

func TestATokenInPlaceOfARefusedOneMayEndSooner(t *testing.T) {
	virtually(t, func(t *testing.T) {
		lives := []time.Duration{24 * time.Hour, time.Hour}
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			life := lives[0]
			lives = lives[1:]
			return azcore.AccessToken{Token: fmt.Sprint("token-", life), ExpiresOn: time.Now().Add(life)}, nil
		})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		c.Invalidate(first)
		next, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "token-1h0m0s", next.Value())
	})
}

func TestARefusalWhileTheEndpointHangsHoldsUpOnlyWhoWasRefused(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Hang())
		refusing := &picky{refuse: func(string) bool { return true }}
		go func() { _, _ = refusing.client(t, c).Get("https://api.example.com/") }()
		synctest.Wait()
		requireNoHarm(t, use(t, c, time.Hour))
	})
}

func TestInvalidateWhileTheEndpointHangsNeverCostsACallItsDeadline(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Hang())
		for _, patience := range []time.Duration{time.Second, time.Minute} {
			c.Invalidate(first)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			start := time.Now()
			again, err := c.Token(ctx, resource)
			cancel()
			require.NoError(t, err)
			require.Equal(t, first.Value(), again.Value())
			require.LessOrEqual(t, time.Since(start), 2*time.Second)
			time.Sleep(3 * time.Hour) // the hold-off is over
		}
		require.Equal(t, 1, len(c.Status().Resources))
	})
}

func TestInvalidateWithoutAnyCallerPutsTheTokenBack(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Status(400))
		c.Invalidate(first)
		time.Sleep(time.Second)
		again, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, first.Value(), again.Value())
	})
}

func TestABodyThatCannotBeSentAgainIsNotWaitedFor(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.BreakFor(time.Minute, imdstest.Slow(5*time.Second))
		service := &picky{refuse: func(token string) bool { return token == first.Value() }}
		hc := service.client(t, c)
		start := time.Now()
		resp, err := hc.Post("https://api.example.com/", "text/plain", io.MultiReader(strings.NewReader("stream")))
		require.NoError(t, err)
		require.Equal(t, 401, resp.StatusCode)
		require.Zero(t, time.Since(start))
		time.Sleep(10 * time.Second)
		resp, err = hc.Post("https://api.example.com/", "text/plain", io.MultiReader(strings.NewReader("stream")))
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode, "the next request has the new token")
	})
}

func TestALateReplyDoesNotPutAnOlderTokenBack(t *testing.T) {
	virtually(t, func(t *testing.T) {
		replies := []struct {
			token string
			after time.Duration
		}{{"first", 0}, {"late", 20 * time.Second}, {"replacement", 0}}
		asked := 0
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			r := replies[min(asked, len(replies)-1)]
			asked++
			time.Sleep(r.after)
			return azcore.AccessToken{Token: r.token, ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
		})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(time.Until(first.RefreshOn) + time.Second) // the background refresh is under way
		synctest.Wait()
		require.Equal(t, 2, asked)
		c.Invalidate(first)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "replacement", tok.Value())
		time.Sleep(time.Minute)
		tok, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "replacement", tok.Value())
	})
}

// cloning is a Base that sends a copy of what it is given, as instrumentation does, or forgets to say what it sent.
type cloning struct {
	network
	forgets bool
}

func (b cloning) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.network.RoundTrip(r.Clone(r.Context()))
	if b.forgets && resp != nil {
		resp.Request = nil
	}
	return resp, err
}

func TestABaseThatClonesRequestsNeitherShowsNorLosesTheToken(t *testing.T) {
	t.Parallel()
	for _, forgets := range []bool{false, true} {
		var end seen
		n := network{"https://api.example.com": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/there", http.StatusFound)
				return
			}
			end.ServeHTTP(w, r)
		}}
		c := over(t, imdstest.New(nil), aztoken.Options{})
		resp, err := c.Wrap(&http.Client{Transport: cloning{n, forgets}}, resource).Get("https://api.example.com/")
		require.NoError(t, err)
		require.Empty(t, resp.Request.Header.Get("Authorization"))
		require.Len(t, end.headers, 1)
		require.True(t, strings.HasPrefix(end.headers[0], "Bearer "))
	}
}

func TestARedirectOfUnknownHistoryCarriesNoToken(t *testing.T) {
	t.Parallel()
	var end seen
	rt := &aztoken.Transport{Client: over(t, imdstest.New(nil), aztoken.Options{}), Resource: resource, Base: network{"https://api.example.com": end.ServeHTTP}}
	req, err := http.NewRequest(http.MethodGet, "https://api.example.com/", nil)
	require.NoError(t, err)
	req.Response = &http.Response{StatusCode: http.StatusFound}
	_, err = rt.RoundTrip(req)
	require.NoError(t, err)
	require.Equal(t, []string{""}, end.headers)
}
