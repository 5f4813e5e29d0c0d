package agent

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
	"github.com/seed-ac726066/aztoken/internal/clientpool"
	"github.com/seed-ac726066/aztoken/internal/envfile"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/warm"
)

// Options are an agent's settings that are not in its configuration.
type Options struct {
	// Client is what all clients have in common: Transport, Getenv, Store, Credential.
	Client aztoken.Options
	// Address is where programs reach the agent, if the configuration has no hostname.
	Address net.Addr
	// Metrics gets the metrics. Nil discards them.
	Metrics *metrics.Set
	// Logger logs refused requests and what happens to tokens. Nil logs nothing.
	Logger *slog.Logger
}

// Agent serves identities. Its methods are safe for concurrent use.
type Agent struct {
	options  Options
	metrics  *meters
	refusals *operation.Sampler
	life     *lifetime.Lifetime

	current atomic.Pointer[generation]
	mu      sync.Mutex // orders Reload and Close. Requests do not take it.
}

// A generation is what one configuration makes of an agent.
type generation struct {
	config     agentfile.Config
	identities []*identity
	imds       *identity // nil: IMDS's protocol is not served
	warm       []warm.Resource
	stop       func() // ends the refresh of warm
}

// closeTimeout is longer than a client's Close waits for a source that ignores its context.
const closeTimeout = 6 * time.Second

// New returns an agent that serves c, which must have passed [agentfile.Config.Check]. It writes
// the environment files; it asks for no token except, in the background, those of warm resources.
func New(c agentfile.Config, o Options) (*Agent, error) {
	o.Logger, o.Metrics = cmp.Or(o.Logger, slog.New(slog.DiscardHandler)), cmp.Or(o.Metrics, metrics.NewSet())
	a := &Agent{options: o, refusals: operation.NewSampler(time.Second), life: lifetime.New()}
	a.current.Store(&generation{stop: func() {}})
	a.metrics = newMeters(a, o.Metrics, c.Store != "")
	if err := a.Reload(c); err != nil {
		return nil, err
	}
	return a, nil
}

// Reload serves c from now on. Identities that stay keep their tokens. An error changes nothing.
func (a *Agent) Reload(c agentfile.Config) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.life.Ended() {
		return aztoken.ErrClosed
	}
	old := a.current.Load()
	next, made, err := a.generation(c, old)
	for i := 0; err == nil && i < len(next.identities); i++ {
		if id := next.identities[i]; id.EnvFile != "" {
			err = a.environment(next, id).Write(id.EnvFile)
		}
	}
	if err != nil {
		closeAll(made)
		return err
	}
	next.stop = warm.Keep(a.life, next.warm)
	a.current.Store(next)
	old.stop()
	a.life.Go(func() { closeAll(gone(old, next)) })
	return nil
}

// generation builds what c describes from what old has, and returns the clients that it made.
func (a *Agent) generation(c agentfile.Config, old *generation) (next *generation, made []*clientpool.Pool, err error) {
	next = &generation{config: c}
	for i, id := range c.Identities {
		served := &identity{Identity: id, perSecond: agentfile.DefaultRate, resources: newResources(id.Allow)}
		if id.Rate != nil {
			served.perSecond = *id.Rate
		}
		before := old.find(id.Name)
		if served.secret, err = secretOf(id, before); err != nil {
			return nil, made, err
		}
		for _, other := range next.identities {
			if other.secret.Reveal() == served.secret.Reveal() {
				return nil, made, fmt.Errorf("aztoken: %q and %q have the same secret; give each its own", other.Name, id.Name)
			}
		}
		if before != nil && before.hasIDsOf(id) && old.config.Endpoint == c.Endpoint {
			served.clients = before.clients
			if slices.Equal(before.Allow, id.Allow) {
				served.resources = before.resources // with the names that callers have used
			}
		} else {
			if served.clients, err = clientpool.New(clientpool.Options{
				Name: id.Name, ID: id.Upstream(), IDs: id.IDs(), AnyID: c.Dev, NewClient: a.newClient(id, c),
			}); err != nil {
				return nil, made, fmt.Errorf("aztoken: the identity %q: %w", id.Name, err)
			}
			made = append(made, served.clients)
		}
		next.identities = append(next.identities, served)
		for _, resource := range id.Warm {
			served.resources.admit(resource) // its metrics are there before the first caller
			next.warm = append(next.warm, warm.Resource{Identity: id.Name, Name: resource, Client: served.clients.Own()})
		}
		if i == c.ServedByIMDS() {
			next.imds = served
		}
	}
	return next, made, nil
}

// newClient returns the maker of an identity's clients.
func (a *Agent) newClient(id agentfile.Identity, c agentfile.Config) func(aztoken.ID) (*aztoken.Client, error) {
	return func(upstream aztoken.ID) (*aztoken.Client, error) {
		opts := a.options.Client
		if !c.Dev {
			opts.ID, opts.Endpoint, opts.Federation = upstream, c.Endpoint, id.Application()
		}
		opts.Logger = a.options.Logger
		opts.OnEvent = func(ev aztoken.Event) { a.metrics.event(id.Name, ev) }
		return aztoken.NewClient(&opts)
	}
}

func (g *generation) find(name string) *identity {
	for _, id := range g.identities {
		if id.Name == name {
			return id
		}
	}
	return nil
}

// secretOf returns the secret of an identity's callers: that of its header file, of the environment
// file that an earlier agent wrote, of before, or a new one. SDKs read the environment once, so a
// secret that changed with each start would lock them out.
func secretOf(id agentfile.Identity, before *identity) (secret.Text, error) {
	if id.HeaderFile != "" {
		return envfile.ReadSecret(id.HeaderFile)
	}
	if written, ok := envfile.WrittenSecret(id.EnvFile); ok {
		return written, nil
	}
	if before != nil && before.HeaderFile == "" {
		return before.secret, nil
	}
	return secret.New(rand.Text()), nil
}

func (id *identity) hasIDsOf(other agentfile.Identity) bool {
	return id.ClientID == other.ClientID && id.ObjectID == other.ObjectID && id.ResourceID == other.ResourceID &&
		reflect.DeepEqual(id.Federation, other.Federation)
}

// gone returns the clients of old that next does not have.
func gone(old, next *generation) (all []*clientpool.Pool) {
	for _, id := range old.identities {
		if !slices.ContainsFunc(next.identities, func(n *identity) bool { return n.clients == id.clients }) {
			all = append(all, id.clients)
		}
	}
	return all
}

func closeAll(pools []*clientpool.Pool) {
	var wg sync.WaitGroup
	for _, p := range pools {
		wg.Go(p.Close)
	}
	wg.Wait()
}

func (a *Agent) environment(g *generation, id *identity) envfile.Environment {
	return envfile.New(envfile.BaseURL(a.options.Address, g.config.Hostnames), id.secret, id == g.imds)
}

// Environments returns the environment of the callers of each identity, by its name.
func (a *Agent) Environments() map[string]envfile.Environment {
	g, all := a.current.Load(), map[string]envfile.Environment{}
	for _, id := range g.identities {
		all[id.Name] = a.environment(g, id)
	}
	return all
}

// Config returns what is served.
func (a *Agent) Config() agentfile.Config { return a.current.Load().config }

// Clients returns the clients of all identities.
func (a *Agent) Clients() (all []clientpool.Member) {
	for _, id := range a.current.Load().identities {
		all = append(all, id.clients.All()...)
	}
	return all
}

// Ready reports whether every warm resource has a token with the least life of the configuration.
func (a *Agent) Ready() (bool, any) {
	g := a.current.Load()
	readiness := warm.Check(g.warm, g.config.MinLife)
	return readiness.Ready, readiness
}

// Close ends the clients. Requests that are under way get an error.
func (a *Agent) Close() {
	a.life.End()
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.current.Load()
	g.stop()
	closeAll(gone(g, &generation{}))
	a.life.Wait(closeTimeout)
}
