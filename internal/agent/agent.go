package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

// Options are what an agent has beside its configuration.
type Options struct {
	// Client is what all clients have in common: Transport, Getenv, Store, Credential. The configuration decides on the
	// rest.
	Client aztoken.Options
	// Address is where programs reach the agent. An address of all interfaces becomes one of loopback, and a hostname of
	// the configuration takes its place.
	Address net.Addr
	// Metrics gets the metrics. Nil is none that somebody sees.
	Metrics *metrics.Set
	// Logger gets refused requests and what happens to tokens. Nil is silent.
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
	config     Config
	identities []*identity
	imds       *identity // nil: IMDS's protocol is not served
	stop       func()    // ends the subscriptions of warm resources
}

// closeTimeout is longer than a client waits for a source that does not heed its end.
const closeTimeout = 6 * time.Second

// New returns an agent that serves c, which must have passed [Config.Check]. It writes the environment files; it asks
// for no token except, in the background, those of warm resources.
func New(c Config, o Options) (*Agent, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	a := &Agent{options: o, refusals: operation.NewSampler(time.Second), life: lifetime.New()}
	a.metrics = newMeters(a, o.Metrics, c.Store != "")
	if err := a.Reload(c); err != nil {
		return nil, err
	}
	return a, nil
}

// Reload serves c, as a whole, from now on. Identities whose ids stay keep their tokens. An error leaves all as it was.
func (a *Agent) Reload(c Config) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.life.Ended() {
		return aztoken.ErrClosed
	}
	old := a.current.Load()
	next, made, err := a.generation(c, old)
	if err == nil {
		err = a.writeFiles(next)
	}
	if err != nil {
		closeAll(made)
		return err
	}
	next.stop = a.keepWarm(next)
	a.current.Store(next)
	if old != nil {
		old.stop()
		a.life.Go(func() { closeAll(gone(old, next)) })
	}
	return nil
}

// generation builds what c describes from what old has, and returns the clients that it made.
func (a *Agent) generation(c Config, old *generation) (next *generation, made []*members, err error) {
	next = &generation{config: c}
	for i, id := range c.Identities {
		served := &identity{Identity: id, rate: DefaultRate, resources: newResources(id.Allow)}
		if id.Rate != nil {
			served.rate = *id.Rate
		}
		before := old.find(id.Name)
		var header secret.Text
		if before != nil {
			header = before.secret
		}
		if served.secret, err = secretOf(id, header); err != nil {
			return nil, made, err
		}
		for _, other := range next.identities {
			if other.secret.Reveal() == served.secret.Reveal() {
				return nil, made, fmt.Errorf("aztoken: %q and %q have the same secret; give each its own", other.Name, id.Name)
			}
		}
		if before != nil && before.hasIDsOf(id) && old.config.Endpoint == c.Endpoint {
			served.members = before.members
		} else {
			if served.members, err = newMembers(id, c.Dev, a.newClient(id, c)); err != nil {
				return nil, made, fmt.Errorf("aztoken: the identity %q: %w", id.Name, err)
			}
			made = append(made, served.members)
		}
		next.identities = append(next.identities, served)
		if i == c.imds() {
			next.imds = served
		}
	}
	return next, made, nil
}

// newClient returns the maker of an identity's clients.
func (a *Agent) newClient(id Identity, c Config) func(aztoken.ID) (*aztoken.Client, error) {
	return func(upstream aztoken.ID) (*aztoken.Client, error) {
		opts := a.options.Client
		if !c.Dev {
			opts.ID, opts.Endpoint = upstream, c.Endpoint
		}
		opts.Logger = a.options.Logger
		opts.OnEvent = func(ev aztoken.Event) { a.metrics.event(id.Name, ev) }
		return aztoken.NewClient(&opts)
	}
}

func (g *generation) find(name string) *identity {
	if g == nil {
		return nil
	}
	for _, id := range g.identities {
		if id.Name == name {
			return id
		}
	}
	return nil
}

func (id Identity) hasIDsOf(other Identity) bool {
	return id.ClientID == other.ClientID && id.ObjectID == other.ObjectID && id.ResourceID == other.ResourceID
}

// gone returns the clients of old that next does not have.
func gone(old, next *generation) []*members {
	var all []*members
	for _, id := range old.identities {
		if !slices.ContainsFunc(next.identities, func(n *identity) bool { return n.members == id.members }) {
			all = append(all, id.members)
		}
	}
	return all
}

func closeAll(all []*members) {
	var wg sync.WaitGroup
	for _, m := range all {
		wg.Go(m.close)
	}
	wg.Wait()
}

func (a *Agent) writeFiles(g *generation) error {
	for _, id := range g.identities {
		if id.EnvFile == "" {
			continue
		}
		if err := a.environment(g, id).writeFile(id.EnvFile); err != nil {
			return err
		}
	}
	return nil
}

func (a *Agent) environment(g *generation, id *identity) Environment {
	return newEnvironment(baseURL(a.options.Address, g.config.Hostnames), id.secret, id == g.imds)
}

// Environments returns the environment of the callers of each identity, by its name.
func (a *Agent) Environments() map[string]Environment {
	g, all := a.current.Load(), map[string]Environment{}
	for _, id := range g.identities {
		all[id.Name] = a.environment(g, id)
	}
	return all
}

// Config returns what is served.
func (a *Agent) Config() Config { return a.current.Load().config }

// Close ends the clients. Requests that are under way get an error.
func (a *Agent) Close() {
	a.life.End()
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.current.Load()
	g.stop()
	var all []*members
	for _, id := range g.identities {
		all = append(all, id.members)
	}
	closeAll(all)
	a.life.Wait(closeTimeout)
}

// keepWarm has the tokens of warm resources refreshed, whether somebody asks for them or not, until stop.
func (a *Agent) keepWarm(g *generation) (stop func()) {
	ctx, cancel := context.WithCancel(a.life.Context())
	var subscriptions []func()
	for _, id := range g.identities {
		client := id.members.own.client
		for _, resource := range id.Warm {
			subscriptions = append(subscriptions, client.OnRotate(resource, func(aztoken.Token) {}))
			a.life.Go(func() { warm(ctx, client, resource) })
		}
	}
	return func() {
		cancel()
		for _, end := range subscriptions {
			end()
		}
	}
}

const (
	// warmTimeout is that of one try of Warm, which itself tries again and again.
	warmTimeout = 75 * time.Second
	// warmInterval is the pause after a try that failed. A missing role or identity may take minutes to appear.
	warmInterval = 15 * time.Second
)

// warm gets the first token of a resource. From then on the client refreshes it.
func warm(ctx context.Context, client *aztoken.Client, resource string) {
	for ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, warmTimeout)
		err := client.Warm(try, resource)
		cancel()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(warmInterval):
		}
	}
}

// baseURL returns the URL of an agent that listens at address, by the first of its names if it has any.
func baseURL(address net.Addr, hostnames []string) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return ""
	}
	host := tcp.IP.String()
	switch {
	case len(hostnames) > 0:
		host = hostnames[0]
	case tcp.IP.IsUnspecified():
		host = "127.0.0.1" // numeric, as localhost is ::1 to some programs
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}
