package aztoken_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/stored"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

func TestNewClientWithAStore(t *testing.T) {
	t.Parallel()
	shared := storeOn(t, newMemory())
	own := storeOn(t, tokenstore.Dir(t.TempDir()))
	id := aztoken.ClientID(imdstest.DefaultClientID)
	anyCredential := credential(nil)
	for name, tc := range map[string]struct {
		opts aztoken.Options
		want string // of the error; "" for none
	}{
		"a directory, the default identity":         {aztoken.Options{Store: own}, ""},
		"a directory, an identity":                  {aztoken.Options{Store: own, ID: id}, ""},
		"a shared store, an identity":               {aztoken.Options{Store: shared, ID: id}, ""},
		"a shared store, the default identity":      {aztoken.Options{Store: shared}, "set Options.ID"},
		"a credential beside a directory":           {aztoken.Options{Store: own, Credential: anyCredential}, "beside Options.Credential"},
		"a credential beside a shared store":        {aztoken.Options{Store: shared, Credential: anyCredential}, "beside Options.Credential"},
		"a directory that is wrapped and so shared": {aztoken.Options{Store: storeOn(t, lockless{tokenstore.Dir(t.TempDir())})}, "set Options.ID"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.opts.Getenv = noHost
			c, err := aztoken.NewClient(&tc.opts)
			if tc.want != "" {
				require.ErrorContains(t, err, tc.want)
				return
			}
			require.NoError(t, err)
			require.NoError(t, c.Close())
		})
	}
	t.Run("workload identity names its identity by AZURE_CLIENT_ID", func(t *testing.T) {
		t.Parallel()
		m := on("workload identity").machine(t, imdstest.Options{})
		backend := newMemory()
		for range 2 {
			c, err := m.client(t, aztoken.Options{Store: storeOn(t, backend)})
			require.NoError(t, err)
			_, err = c.Token(t.Context(), resource)
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}
		require.Equal(t, 1, m.Count())
	})
}

func TestAStoredToken(t *testing.T) {
	t.Parallel()
	for name, makeBackend := range map[string]func(*testing.T) tokenstore.Backend{
		"directory":                func(t *testing.T) tokenstore.Backend { return tokenstore.Dir(t.TempDir()) },
		"shared":                   func(*testing.T) tokenstore.Backend { return newMemory() },
		"shared and without locks": func(*testing.T) tokenstore.Backend { return lockless{newMemory()} },
	} {
		inVirtualTime(t, name+": a start makes no request for it", func(t *testing.T) {
			imds, backend := mintingHost(t), makeBackend(t)
			first := start(t, imds, backend, aztoken.Options{})
			was := atOnce(t, first)
			require.Equal(t, "endpoint", sourceOf(t, first))
			closeNow(t, first)

			imds.Break(imdstest.Status(503))
			var told journal
			c := start(t, imds, backend, aztoken.Options{OnEvent: told.note})
			var rotated []aztoken.Token
			c.OnRotate(resource, func(tok aztoken.Token) { rotated = append(rotated, tok) })
			is := atOnce(t, c)
			requireSame(t, was, is)
			require.WithinDuration(t, was.AcquiredOn, is.AcquiredOn, time.Millisecond)
			require.WithinDuration(t, was.ExpiresOn, is.ExpiresOn, time.Second)
			require.Equal(t, 1, imds.Count())
			require.Equal(t, "store", sourceOf(t, c))
			loaded := told.of(aztoken.EventLoaded)
			require.Len(t, told.kinds(), 1)
			require.Len(t, loaded, 1)
			require.Equal(t, is.ExpiresOn, loaded[0].ExpiresOn)
			require.Equal(t, is.RefreshOn, loaded[0].RefreshOn)
			require.Equal(t, resource, loaded[0].Resource)
			require.Len(t, rotated, 1)
			requireSame(t, is, rotated[0])
		})
	}
	inVirtualTime(t, "of another resource or identity is not used", func(t *testing.T) {
		const other = "c0000000-0000-4000-8000-000000000002"
		imds := imdstest.New(&imdstest.Options{MintAfter: -1, Identities: []imdstest.Identity{{ClientID: imdstest.DefaultClientID}, {ClientID: other}}})
		backend := newMemory()
		c := start(t, imds, backend, aztoken.Options{})
		mine := atOnce(t, c)
		_, err := c.Token(t.Context(), resource+"/")
		require.NoError(t, err)
		require.Equal(t, 2, imds.Count())
		theirs := atOnce(t, start(t, imds, backend, aztoken.Options{ID: aztoken.ClientID(other)}))
		requireOther(t, mine, theirs)
		require.Equal(t, 3, imds.Count())
		require.Len(t, backend.snapshot(), 3)
	})
	inVirtualTime(t, "whose claims are of another identity is not used, although its name is right", func(t *testing.T) {
		const other = "c0000000-0000-4000-8000-000000000002"
		imds, backend := mintingHost(t), newMemory()
		strange := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{ClientID: other}}})
		mistake := stored.Token{Value: secret.New(strange.Mint(resource)), Acquired: time.Now(), Given: time.Now(), Expires: time.Now().Add(time.Hour)}
		name := tokenstore.Entry{Host: "IMDS", Identity: "client " + imdstest.DefaultClientID, Resource: resource}
		require.NoError(t, storeOn(t, backend).Save(t.Context(), name, mistake.Encode(), mistake.Expires))
		for range 2 {
			time.Sleep(time.Minute)
			tok := atOnce(t, start(t, imds, backend, aztoken.Options{}))
			require.True(t, tok.Value() != mistake.Value.Reveal())
			require.Equal(t, 1, imds.Count(), "and it is replaced")
		}
		require.Len(t, backend.snapshot(), 1, "the name is that of the client's own entry")
	})
	inVirtualTime(t, "is found by whichever way its identity is spelled", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		atOnce(t, start(t, imds, backend, aztoken.Options{ID: aztoken.ObjectID(imdstest.DefaultObjectID)}))
		atOnce(t, start(t, imds, backend, aztoken.Options{ID: aztoken.ObjectID("0B000000-0000-4000-8000-000000000001")}))
		require.Equal(t, 1, imds.Count())
	})
	for host, env := range map[string]func(*imdstest.Server) imdstest.Environment{
		"App Service": (*imdstest.Server).AppService, "Container Instances on Windows": (*imdstest.Server).ContainerInstances,
	} {
		inVirtualTime(t, "is found on "+host+", whose address differs from start to start", func(t *testing.T) {
			imds, backend := mintingHost(t), newMemory()
			for n := range 3 {
				env := env(imds)
				env["IDENTITY_ENDPOINT"] = strings.Replace(env["IDENTITY_ENDPOINT"], "imds.test", fmt.Sprintf("10.92.0.%d:%d", n, 2377+n), 1)
				require.Contains(t, env["IDENTITY_ENDPOINT"], "http://10.92.0.")
				c := start(t, imds, backend, aztoken.Options{Getenv: env.Get, ID: aztoken.ObjectID(imdstest.DefaultObjectID)})
				atOnce(t, c)
				closeNow(t, c)
			}
			require.Equal(t, 1, imds.Count())
		})
	}
	onEveryHost(t, "is there for each start of a program that is restarted every hour, through an outage of 12 h", func(t *testing.T, p platform, id string) {
		opts := twoIdentities
		opts.MintAfter = -1
		m, backend := p.machine(t, opts), tokenstore.Dir(t.TempDir())
		for hour := range 36 {
			switch hour {
			case 11:
				m.Break(imdstest.Status(503))
			case 23:
				m.Recover()
			}
			c, err := m.client(t, aztoken.Options{ID: ids[id].id, Store: storeOn(t, backend)})
			require.NoError(t, err)
			requireNoHarm(t, use(t, c, time.Hour))
			closeNow(t, c)
		}
	})
	inVirtualTime(t, "is not that of another address in Options.Endpoint", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		for _, address := range []string{"http://10.0.0.1", "http://10.0.0.2", "http://10.0.0.1"} {
			atOnce(t, start(t, imds, backend, aztoken.Options{Endpoint: address}))
		}
		require.Equal(t, 2, imds.Count())
	})
	inVirtualTime(t, "is found under a key that was replaced", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		with := func(keys ...[]byte) *aztoken.Client {
			return over(t, imds, aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID), Store: storeOn(t, backend, keys...)})
		}
		for _, before := range []*aztoken.Client{with(storeKey(1)), with(storeKey(1), storeKey(2))} {
			atOnce(t, before)
			closeNow(t, before)
		}
		rotated := with(storeKey(2), storeKey(1))
		atOnce(t, rotated)
		require.Equal(t, 1, imds.Count())
		rotated.OnRotate(resource, func(aztoken.Token) {})
		time.Sleep(24 * time.Hour) // in which the token is refreshed, and saved under the new key
		asked := imds.Count()
		atOnce(t, with(storeKey(2)))
		require.Equal(t, asked, imds.Count())
	})
	inVirtualTime(t, "that ends is not used", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		c := start(t, imds, backend, aztoken.Options{})
		tok := atOnce(t, c)
		closeNow(t, c)
		time.Sleep(time.Until(tok.ExpiresOn) - time.Second)
		atOnce(t, start(t, imds, backend, aztoken.Options{}))
		require.Equal(t, 2, imds.Count())
	})
	inVirtualTime(t, "does not meet the claims of a challenge", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		atOnce(t, start(t, imds, backend, aztoken.Options{}))
		c := start(t, imds, backend, aztoken.Options{})
		_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: "{}"})
		require.NoError(t, err)
		require.Equal(t, 2, imds.Count())
	})
}

func TestTheRefreshOfAStoredToken(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "is planned once per token in a directory", func(t *testing.T) {
		imds, backend := mintingHost(t), tokenstore.Dir(t.TempDir())
		planned := atOnce(t, start(t, imds, backend, aztoken.Options{})).RefreshOn
		for range 5 {
			time.Sleep(time.Hour)
			require.WithinDuration(t, planned, atOnce(t, start(t, imds, backend, aztoken.Options{})).RefreshOn, time.Second)
		}
	})
	inVirtualTime(t, "is planned anew by each process of a shared store", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		begin := time.Now()
		planned := map[time.Time]bool{}
		for range 20 {
			tok := atOnce(t, start(t, imds, backend, aztoken.Options{}))
			planned[tok.RefreshOn] = true
			require.WithinRange(t, tok.RefreshOn, begin.Add(8*time.Hour-time.Second), begin.Add(12*time.Hour))
		}
		require.Len(t, planned, 20)
		require.Equal(t, 1, imds.Count())
	})
	inVirtualTime(t, "begins at once if it is overdue, and the token is served meanwhile", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		c := start(t, imds, backend, aztoken.Options{})
		atOnce(t, c)
		closeNow(t, c)
		time.Sleep(20 * time.Hour)
		imds.Break(imdstest.Slow(time.Second))
		var told journal
		c = start(t, imds, backend, aztoken.Options{OnEvent: told.note})
		atOnce(t, c)
		time.Sleep(2 * time.Second)
		require.Equal(t, 2, imds.Count())
		require.Equal(t, []aztoken.EventKind{aztoken.EventLoaded, aztoken.EventAcquired}, told.kinds())
		require.Equal(t, "endpoint", sourceOf(t, c))
	})
	inVirtualTime(t, "is that of the client that is first, also if another is slow to get the lock", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		first := start(t, imds, backend, aztoken.Options{})
		atOnce(t, first)
		closeNow(t, first)
		time.Sleep(20 * time.Hour) // the refresh is overdue
		var locks atomic.Int32
		backend.suffer(func(_ context.Context, op operation) error {
			if op == locking && locks.Add(1) > 1 {
				time.Sleep(time.Second) // in which the first has asked, saved and unlocked
			}
			return nil
		})
		a, b := start(t, imds, backend, aztoken.Options{}), start(t, imds, backend, aztoken.Options{})
		for _, c := range []*aztoken.Client{a, b} {
			_, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
		}
		time.Sleep(2 * time.Second)
		requireSame(t, atOnce(t, a), atOnce(t, b))
		require.Equal(t, 2, imds.Count())
	})
	inVirtualTime(t, "that fails keeps its lock for a minute, so that a fleet asks once", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		first := start(t, imds, backend, aztoken.Options{})
		atOnce(t, first)
		closeNow(t, first)
		time.Sleep(13 * time.Hour)
		imds.Break(imdstest.Status(503))
		for range 20 {
			atOnce(t, start(t, imds, backend, aztoken.Options{}))
		}
		time.Sleep(50 * time.Second)
		require.Equal(t, 2, imds.Count())
	})
	inVirtualTime(t, "follows from when a host that repeats one token last returned it", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: 24*time.Hour - 5*time.Minute})
		backend := tokenstore.Dir(t.TempDir())
		starts := 0
		for end := time.Now().Add(10 * 24 * time.Hour); time.Now().Before(end); starts++ {
			c := start(t, imds, backend, aztoken.Options{})
			atOnce(t, c)
			time.Sleep(30 * time.Minute)
			closeNow(t, c)
		}
		require.Equal(t, 480, starts)
		require.LessOrEqual(t, imds.Count(), 130, "without it each start in the second half of a life asks")
	})
	inVirtualTime(t, "is that of one process of many, also where the host repeats a token", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: 24*time.Hour - 5*time.Minute})
		imds.Break(imdstest.Slow(50 * time.Millisecond))
		_, _, err := startFleet(t, imds, tokenstore.Dir(t.TempDir()), 20)
		require.NoError(t, err)
		time.Sleep(5 * 24 * time.Hour)
		require.LessOrEqual(t, imds.Count(), 5*16)
	})
	inVirtualTime(t, "adopts what another process has brought", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		var told journal
		a := start(t, imds, backend, aztoken.Options{OnEvent: told.note})
		b := start(t, imds, backend, aztoken.Options{OnEvent: told.note})
		for _, c := range []*aztoken.Client{a, b} {
			c.OnRotate(resource, func(aztoken.Token) {})
			atOnce(t, c)
		}
		time.Sleep(13 * time.Hour)
		requireSame(t, atOnce(t, a), atOnce(t, b))
		require.Equal(t, 2, imds.Count())
		require.Len(t, told.of(aztoken.EventAcquired), 2)
		loaded := told.of(aztoken.EventLoaded)
		require.Len(t, loaded, 2)
		require.False(t, loaded[0].Background)
		require.True(t, loaded[1].Background)
	})
}

// job is a process that lives for life, and is started again every period.
type job struct {
	life, period time.Duration
	answer       time.Duration // what the endpoint takes
	outage       time.Duration // the outage that it survives
}

// The promise: 24 outages of 12 h, one beginning in each hour of a token's life.
func TestAProgramThatIsRestartedThroughAnOutage(t *testing.T) {
	t.Parallel()
	for name, j := range map[string]job{
		"a service that is restarted every hour": {time.Hour, time.Hour, 0, 12 * time.Hour},
		"a job that lives for 100 ms": {
			// It is up to an hour late at the refresh, and just as late at the end of the outage.
			100 * time.Millisecond, time.Hour, 50 * time.Millisecond, 10 * time.Hour,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for begin := time.Duration(0); begin < 24*time.Hour; begin += time.Hour {
				synctest.Test(t, func(t *testing.T) { j.survives(t, 25*time.Hour+begin) })
			}
		})
	}
}

func (j job) survives(t *testing.T, before time.Duration) {
	imds, backend := mintingHost(t), tokenstore.Dir(t.TempDir())
	imds.Break(imdstest.Slow(j.answer))
	begin := time.Now()
	var first aztoken.Token
	isDown := false
	for n := 0; time.Since(begin) < before+j.outage+2*time.Hour; n++ {
		switch at := time.Since(begin); {
		case !isDown && at >= before && at < before+j.outage:
			imds.Break(imdstest.Status(503))
			isDown = true
		case at >= before+j.outage:
			imds.Break(imdstest.Slow(j.answer))
		}
		c := start(t, imds, backend, aztoken.Options{})
		end := time.Now().Add(j.life)
		next := time.Now().Add(j.period)
		if n == 0 {
			var err error
			first, err = c.Token(t.Context(), resource)
			require.NoError(t, err)
		}
		for time.Now().Before(end) {
			atOnce(t, c)
			time.Sleep(min(10*time.Minute, j.life))
		}
		closeNow(t, c)
		if time.Now().Before(first.RefreshOn) {
			require.Equal(t, 1, imds.Count(), "requests before the refresh is due")
		}
		time.Sleep(time.Until(next))
	}
}

func TestTheStoredTokenOfTheDefaultIdentity(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "is confirmed within five minutes", func(t *testing.T) {
		imds := imdstest.New(nil) // gives the same token again
		path := t.TempDir()
		run := func() *aztoken.Client {
			return over(t, imds, aztoken.Options{Store: storeOn(t, tokenstore.Dir(path))})
		}
		c := run()
		atOnce(t, c)
		closeNow(t, c)
		c = run()
		tok := atOnce(t, c)
		require.LessOrEqual(t, time.Until(tok.RefreshOn), 5*time.Minute)
		require.Equal(t, 1, imds.Count())
		time.Sleep(5 * time.Minute)
		require.Equal(t, 2, imds.Count())
		requireSame(t, tok, atOnce(t, c))
		require.Equal(t, "endpoint", sourceOf(t, c))
		time.Sleep(2 * time.Hour)
		require.Equal(t, 2, imds.Count(), "once")
	})
	inVirtualTime(t, "is dropped if the endpoint answers for another one", func(t *testing.T) {
		path := t.TempDir()
		original := mintingHost(t)
		clone := imdstest.New(&imdstest.Options{MintAfter: -1, TokenLifetime: 8 * time.Hour, Identities: []imdstest.Identity{{SystemAssigned: true, ObjectID: "0b000000-0000-4000-8000-00000000000c"}}})
		run := func(on *imdstest.Server, j *journal) *aztoken.Client {
			return over(t, on, aztoken.Options{Store: storeOn(t, tokenstore.Dir(path)), OnEvent: j.note})
		}
		var told journal
		c := run(original, &told)
		theirs := atOnce(t, c)
		closeNow(t, c)
		told = journal{}
		c = run(clone, &told)
		requireSame(t, theirs, atOnce(t, c))
		time.Sleep(5 * time.Minute)
		mine := atOnce(t, c)
		requireOther(t, theirs, mine, "although it lives longer")
		require.Equal(t, []aztoken.EventKind{aztoken.EventLoaded, aztoken.EventDropped, aztoken.EventAcquired}, told.kinds())
		require.ErrorContains(t, told.of(aztoken.EventDropped)[0].Err, "another identity")
		closeNow(t, c)
		requireSame(t, mine, atOnce(t, run(clone, &told)), "and not saved over")
	})
	inVirtualTime(t, "is served through an outage, and confirmed afterwards", func(t *testing.T) {
		imds, path := mintingHost(t), t.TempDir()
		run := func() *aztoken.Client {
			return over(t, imds, aztoken.Options{Store: storeOn(t, tokenstore.Dir(path))})
		}
		c := run()
		atOnce(t, c)
		closeNow(t, c)
		imds.Break(imdstest.Status(503))
		c = run()
		requireNoHarm(t, use(t, c, 12*time.Hour))
		imds.Recover()
		requireNoHarm(t, use(t, c, 4*time.Hour))
		require.Equal(t, "endpoint", sourceOf(t, c))
	})
}

func TestARejectedToken(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "is replaced by what another process has got, without a request", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		a, b := start(t, imds, backend, aztoken.Options{}), start(t, imds, backend, aztoken.Options{})
		refused := atOnce(t, a)
		refusedByB := atOnce(t, b)
		requireSame(t, refused, refusedByB)
		time.Sleep(time.Minute)
		a.Invalidate(refused)
		synctest.Wait()
		require.Equal(t, 2, imds.Count())
		b.Invalidate(refusedByB)
		synctest.Wait()
		require.Equal(t, 2, imds.Count())
		requireSame(t, atOnce(t, a), atOnce(t, b))
		requireOther(t, refused, atOnce(t, b))
	})
	inVirtualTime(t, "is not adopted again, whoever puts it back", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		c := start(t, imds, backend, aztoken.Options{})
		refused := atOnce(t, c)
		synctest.Wait()
		old := backend.snapshot()
		time.Sleep(time.Minute)
		c.Invalidate(refused)
		synctest.Wait()
		replacement := atOnce(t, c)
		requireOther(t, refused, replacement)
		require.Equal(t, 2, imds.Count())
		backend.restore(old)
		time.Sleep(2*time.Hour + time.Minute) // the rejection is forgotten
		require.NotEqual(t, old, backend.snapshot(), "the replacement was put back")
		backend.restore(old)
		c.Invalidate(replacement)
		synctest.Wait()
		require.Equal(t, 3, imds.Count(), "it was asked for another")
		requireOther(t, refused, atOnce(t, c))
		fresh := start(t, imds, backend, aztoken.Options{})
		requireSame(t, atOnce(t, c), atOnce(t, fresh), "a new process takes the replacement")
	})
	inVirtualTime(t, "does not come back over a replacement that ends earlier", func(t *testing.T) {
		long := mintingHost(t)
		short := imdstest.New(&imdstest.Options{MintAfter: -1, TokenLifetime: 4 * time.Hour})
		backend := newMemory()
		bystander := start(t, long, backend, aztoken.Options{})
		bystander.OnRotate(resource, func(aztoken.Token) {})
		refused := atOnce(t, bystander)
		c := start(t, short, backend, aztoken.Options{})
		held := atOnce(t, c)
		requireSame(t, refused, held)
		time.Sleep(time.Minute)
		c.Invalidate(held)
		synctest.Wait()
		replacement := atOnce(t, c)
		requireOther(t, refused, replacement)
		time.Sleep(time.Hour) // in which the bystander looks whether the store still has its token
		requireSame(t, replacement, atOnce(t, start(t, short, backend, aztoken.Options{})))
	})
	inVirtualTime(t, "of a whole fleet is replaced by one request", func(t *testing.T) {
		imds := mintingHost(t)
		imds.Break(imdstest.Slow(50 * time.Millisecond))
		fleet, _, err := startFleet(t, imds, newMemory(), 100)
		require.NoError(t, err)
		time.Sleep(time.Minute)
		refused := atOnce(t, fleet[0])
		for _, c := range fleet {
			tok, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			c.Invalidate(tok)
		}
		time.Sleep(2 * time.Second)
		require.Equal(t, 2, imds.Count())
		for _, c := range fleet {
			requireOther(t, refused, atOnce(t, c))
		}
	})
	inVirtualTime(t, "does not come back over a later token of somebody who has not seen the rejection", func(t *testing.T) {
		long := mintingHost(t)
		short := imdstest.New(&imdstest.Options{MintAfter: -1, TokenLifetime: 4 * time.Hour})
		backend := newMemory()
		bystander := start(t, long, backend, aztoken.Options{})
		refused := atOnce(t, bystander)
		c := start(t, short, backend, aztoken.Options{})
		held := atOnce(t, c)
		time.Sleep(time.Minute)
		c.Invalidate(held)
		synctest.Wait()
		closeNow(t, c)
		time.Sleep(time.Minute)
		backend.suffer(failing())
		late := start(t, short, backend, aztoken.Options{})
		latest := atOnce(t, late)
		backend.suffer(nil)
		time.Sleep(30 * time.Minute) // in which both check the store
		stored := atOnce(t, start(t, short, backend, aztoken.Options{}))
		requireOther(t, refused, stored)
		requireSame(t, latest, stored)
	})
	inVirtualTime(t, "that has no replacement is not saved again", func(t *testing.T) {
		imds, backend := imdstest.New(nil), newMemory()
		c := start(t, imds, backend, aztoken.Options{})
		c.Invalidate(atOnce(t, c))
		synctest.Wait()
		backend.restore(nil)
		time.Sleep(30 * time.Minute)
		require.Empty(t, backend.snapshot())
	})
}

func TestASave(t *testing.T) {
	t.Parallel()
	t.Run("is at once, and Close waits two seconds for it", func(t *testing.T) {
		for _, tc := range []struct {
			slow  time.Duration
			saved bool
		}{{0, true}, {500 * time.Millisecond, true}, {3 * time.Second, false}} {
			synctest.Test(t, func(t *testing.T) {
				imds, backend := mintingHost(t), newMemory()
				backend.suffer(slowBy(tc.slow, saving))
				c := start(t, imds, backend, aztoken.Options{})
				atOnce(t, c)
				begin := time.Now()
				closeNow(t, c)
				require.Equal(t, min(tc.slow, 2*time.Second), time.Since(begin))
				require.Equal(t, tc.saved, len(backend.snapshot()) == 1)
				time.Sleep(time.Minute)
			})
		}
	})
	inVirtualTime(t, "is made up for within 15 minutes after the store was emptied", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		c := start(t, imds, backend, aztoken.Options{})
		tok := atOnce(t, c)
		imds.Break(imdstest.Status(503))
		for range 5 {
			synctest.Wait()
			backend.restore(nil)
			time.Sleep(15 * time.Minute)
			require.Len(t, backend.snapshot(), 1)
		}
		requireSame(t, tok, atOnce(t, start(t, imds, backend, aztoken.Options{})))
	})
	inVirtualTime(t, "is made up for within minutes of the store's recovery", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		backend.suffer(failing())
		c := start(t, imds, backend, aztoken.Options{})
		atOnce(t, c)
		time.Sleep(5 * time.Hour)
		backend.suffer(nil)
		time.Sleep(3 * time.Minute)
		require.Len(t, backend.snapshot(), 1)
	})
	inVirtualTime(t, "never overwrites a better token", func(t *testing.T) {
		imds := mintingHost(t)
		backend := newMemory()
		c := start(t, imds, backend, aztoken.Options{})
		atOnce(t, c)
		time.Sleep(time.Minute)
		elsewhere := newMemory()
		later := atOnce(t, start(t, imds, elsewhere, aztoken.Options{}))
		synctest.Wait()
		backend.restore(elsewhere.snapshot())
		time.Sleep(time.Hour)
		require.Equal(t, elsewhere.snapshot(), backend.snapshot())
		requireSame(t, later, atOnce(t, start(t, imds, backend, aztoken.Options{})))
	})
	inVirtualTime(t, "lasts through a day of quiet", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		c := start(t, imds, backend, aztoken.Options{})
		c.OnRotate(resource, func(aztoken.Token) {})
		atOnce(t, c)
		time.Sleep(24 * time.Hour)
		require.LessOrEqual(t, imds.Count(), 4)
		require.LessOrEqual(t, backend.count(saving), imds.Count(), "one for each token")
		require.LessOrEqual(t, backend.count(loading), 24*8+4*imds.Count(), "one every 7 to 15 minutes")
	})
}
