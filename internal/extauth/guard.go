package extauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/seed-ac726066/aztoken/internal/entra"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/verify"
)

// Options are a guard's settings that are not in its configuration.
type Options struct {
	// HTTPClient fetches Entra's keys. Nil: one that uses the proxy of the environment.
	HTTPClient *http.Client
	// Metrics gets the metrics. Nil discards them.
	Metrics *metrics.Set
	// Logger logs refused checks and what happens to the keys. Nil logs nothing.
	Logger *slog.Logger
}

// Guard answers whether requests may pass. Its methods are safe for concurrent use.
type Guard struct {
	options  Options
	metrics  *meters
	refusals *operation.Sampler
	life     *lifetime.Lifetime

	current  atomic.Pointer[generation]
	underWay atomic.Int64 // requests that are not answered yet
	mu       sync.Mutex   // orders Reload and Close. Requests do not take it.
}

// A generation is what one configuration makes of a guard.
type generation struct {
	config   Config
	rules    *ruleset
	required verify.Requirement // of callers of /validate
	verifier *verify.Verifier
}

// maxWaiting is how many requests may be under way before further ones no longer wait for keys. It
// is less than the number of connections: while Entra ID does not answer, anybody can make up
// tokens with unknown keys, each of which waits ten seconds.
const maxWaiting = 256

var errMaxWaiting = errors.New("too many requests wait for keys already")

// closeTimeout is longer than a verifier's Close waits for callbacks and requests that do not end.
const closeTimeout = 6 * time.Second

// New returns a guard that serves c, which must have passed [Config.Check]. It fetches the keys in
// the background.
func New(c Config, o Options) (*Guard, error) {
	o.Logger, o.Metrics = cmp.Or(o.Logger, slog.New(slog.DiscardHandler)), cmp.Or(o.Metrics, metrics.NewSet())
	g := &Guard{options: o, refusals: operation.NewSampler(time.Second), life: lifetime.New()}
	verifier, err := g.newVerifier(c)
	if err != nil {
		return nil, err
	}
	g.metrics = newMeters(o.Metrics, func() verify.Status { return g.current.Load().verifier.Status() })
	g.current.Store(g.generation(c, verifier))
	g.life.Go(func() { _ = verifier.Warm(g.life.Context()) }) // keyEvent reports its failure
	return g, nil
}

func (g *Guard) generation(c Config, verifier *verify.Verifier) *generation {
	return &generation{config: c, rules: c.compile(g.metrics), required: c.Required.requirement(), verifier: verifier}
}

func (g *Guard) newVerifier(c Config) (*verify.Verifier, error) {
	cloud, _ := entra.Cloud(c.Cloud)
	return verify.New(&verify.Options{
		Audiences: c.Audiences, Tenants: c.Tenants, Cloud: cloud, Authority: c.Authority, KeyFile: c.KeyFile,
		AllowRoleless: true, // the rules decide what a caller must show
		HTTPClient:    g.options.HTTPClient, OnEvent: g.keyEvent,
	})
}

// Reload serves c from now on. It waits for the keys of new audiences and tenants until ctx ends,
// for ten seconds at most. If it returns an error, nothing has changed.
func (g *Guard) Reload(ctx context.Context, c Config) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.life.Ended() {
		return verify.ErrClosed
	}
	old := g.current.Load()
	if old.config.hasKeysOf(c) {
		g.current.Store(g.generation(c, old.verifier))
		return nil
	}
	verifier, err := g.newVerifier(c)
	if err != nil {
		return err
	}
	if err := warm(ctx, verifier); err != nil {
		return errors.Join(err, verifier.Close())
	}
	g.current.Store(g.generation(c, verifier))
	end := func() { _ = old.verifier.Close() }
	if !g.life.Go(end) {
		end()
	}
	return nil
}

// hasKeysOf reports whether two configurations accept the same tokens.
func (c Config) hasKeysOf(o Config) bool {
	return slices.Equal(c.Audiences, o.Audiences) && slices.Equal(c.Tenants, o.Tenants) && c.Cloud == o.Cloud && c.Authority == o.Authority
}

// warm waits until there are keys of every tenant.
func warm(ctx context.Context, v *verify.Verifier) error {
	if err := v.Warm(ctx); err != nil {
		return fmt.Errorf("aztoken: there are no keys for the audiences and tenants: %s; try again when Entra ID answers", brief(err))
	}
	for tenant, s := range v.Status().Tenants {
		if s.Keys == 0 {
			return fmt.Errorf("aztoken: there are no keys of the tenant %s: %s; check its id, or try again when Entra ID answers", tenant, s.LastError)
		}
	}
	return nil
}

// withCurrent calls f with the current generation, and again if a Reload has closed the verifier in
// the meantime, so that the caller does not get that error.
func (g *Guard) withCurrent(f func(*generation) error) {
	for {
		now := g.current.Load()
		if err := f(now); !errors.Is(err, verify.ErrClosed) || g.current.Load() == now {
			return
		}
	}
}

// ServeHTTP answers proxies at /check and programs at /validate.
func (g *Guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation.IgnoreBody(w, r)
	defer g.underWay.Add(-1)
	if g.underWay.Add(1) > maxWaiting {
		ended, end := context.WithCancelCause(r.Context())
		end(errMaxWaiting)
		r = r.WithContext(ended)
	}
	switch {
	case g.isCheck(r):
		g.check(w, r)
	case r.URL.Path == validatePath:
		g.validate(w, r)
	default:
		operation.NotFound(w)
	}
}

// isCheck reports whether a request is a proxy's. Envoy asks below the path too, where nothing else
// is served.
func (g *Guard) isCheck(r *http.Request) bool {
	if g.current.Load().config.Proxy == Envoy {
		return strings.HasPrefix(r.RequestURI, checkPath)
	}
	return r.URL.Path == checkPath
}

// check answers a proxy.
func (g *Guard) check(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	var (
		o  outcome
		id identity
	)
	g.withCurrent(func(now *generation) error {
		o = now.judge(r)
		if o.err == nil {
			var err error
			if id, err = newIdentity(o.claims, now.config.Claims); err != nil {
				o = o.refused(forbidden, err)
			}
		}
		return o.err
	})
	o.write(w, id)
	g.metrics.checked(o, time.Since(start))
	g.log(r.Context(), o)
}

// Config returns what is served.
func (g *Guard) Config() Config { return g.current.Load().config }

// Verifier returns the verifier that checks the tokens until the next Reload.
func (g *Guard) Verifier() *verify.Verifier { return g.current.Load().verifier }

// Close ends the fetching of keys. Tokens cannot be checked from then on.
func (g *Guard) Close() {
	g.life.End()
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.current.Load().verifier.Close()
	g.life.Wait(closeTimeout)
}
