package aztoken_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken"
)

var (
	modelSeed  = flag.Uint64("seed", 0, "the one seed that TestModel runs; 0 runs -seeds of them")
	modelSeeds = flag.Uint64("seeds", 100, "how many seeds TestModel runs")
)

// TestModel does random things to clients, for virtual days, and judges all that they return by a
// few rules that hold whatever was done (modelRules). A seed that failed is run again by
//
//	go test -run TestModel -seed 17
//
// What is done, when, and what the endpoint answers then follow from the seed alone. Which of the
// goroutines that are awake at one moment runs first does not, nor do the client's own random
// numbers: a failure that depends on these may take several runs to come back (-count 50).
func TestModel(t *testing.T) {
	t.Parallel()
	first, count := uint64(1), *modelSeeds
	if *modelSeed != 0 {
		first, count = *modelSeed, 1
	}
	for seed := first; seed < first+count; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newModel(t, seed).run() })
		})
	}
}

// model is a run: a world in which a client lives, and another after that.
type model struct {
	t        *testing.T
	seed     uint64
	random   *rand.Rand // of the goroutine of run alone
	endpoint *modelEndpoint
	isIMDS   bool
	maxAge   time.Duration
	life     time.Duration // that most tokens have
	keys     []modelKey

	mu     sync.Mutex
	steps  []string
	broken []string
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 1))}
	m.life = pick(m.random, 24*time.Hour, 24*time.Hour, 8*time.Hour, time.Hour, 5*time.Minute, time.Minute)
	m.maxAge = pick(m.random, 0, 0, time.Hour)
	m.endpoint = newModelEndpoint(pick(m.random, -1, -1, time.Hour, m.life-5*time.Minute), m.life)
	m.isIMDS = m.random.IntN(2) == 0
	m.keys = []modelKey{{resource: "https://a.example"}, {resource: "https://b.example"}, {resource: "https://c.example"}}
	if !m.isIMDS {
		m.keys = append(m.keys, modelKey{"https://a.example", "t", false}, modelKey{"https://a.example", "t", true},
			modelKey{"https://a.example", "tc", false}, modelKey{"https://a.example", "", true})
	}
	return m
}

func pick[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

// between draws a time of which each order of magnitude is as likely as any other, in whole
// milliseconds, as the last bit of a logarithm is not the same on every processor.
func (m *model) between(low, high time.Duration) time.Duration {
	l, h := math.Log(float64(low)), math.Log(float64(high))
	return max(low, time.Duration(math.Exp(l+m.random.Float64()*(h-l))).Truncate(time.Millisecond))
}

func (m *model) step(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps = append(m.steps, modelTime(time.Now())+" "+fmt.Sprintf(format, args...))
	if len(m.steps) > 40 {
		m.steps = m.steps[1:]
	}
}

func (m *model) broke(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.broken) < 5 {
		what := modelTime(time.Now()) + " BROKEN: " + fmt.Sprintf(format, args...)
		m.broken, m.steps = append(m.broken, what), append(m.steps, what)
	}
}

// isBroken reports whether a rule was broken: what follows tells nothing more.
func (m *model) isBroken() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.broken) > 0
}

const (
	modelClients    = 3
	modelOperations = 90 // of each
)

func (m *model) run() {
	for range modelClients {
		if !m.isBroken() {
			newModelClient(m).run()
		}
	}
	if len(m.broken) > 0 {
		m.t.Fatalf("seed %d: %d rules were broken. Run it again: go test -run TestModel -seed %d\nthe last steps:\n%s",
			m.seed, len(m.broken), m.seed, strings.Join(m.steps, "\n"))
	}
}

// modelClient is a client and those who use it.
type modelClient struct {
	*model
	rules *modelRules
	*aztoken.Client
	service     modelService
	observer    string
	subscribers []*modelSubscriber
	lingers     bool // a subscriber does
	calls       sync.WaitGroup
	released    chan struct{} // closed when callbacks that never return do so after all
}

// modelObservers are what OnEvent does.
var modelObservers = []string{"records", "records", "slow", "panics", "exits", "never returns"}

// modelCallbacks are what callbacks of OnRotate do.
var modelCallbacks = append([]string{"rejects"}, modelObservers...)

// lingers reports whether an observer may still run when the client is closed.
func lingers(observer string) bool { return observer == "slow" || observer == "never returns" }

func newModelClient(m *model) *modelClient {
	c := &modelClient{
		model: m, rules: &modelRules{endpoint: m.endpoint, broke: m.broke, states: map[modelKey]*modelState{}},
		observer: pick(m.random, modelObservers...), released: make(chan struct{}),
	}
	m.endpoint.requested = c.rules.requested
	c.service = modelService{c: c}
	opts := &aztoken.Options{Getenv: noHost, Refresh: aztoken.MaxAge(m.maxAge), OnEvent: c.onEvent}
	if m.isIMDS {
		opts.Transport = m.endpoint
	} else {
		opts.Credential = m.endpoint
	}
	if m.random.IntN(2) == 0 {
		opts.Logger = slog.New(slog.NewTextHandler(c, nil))
	}
	var err error
	if c.Client, err = aztoken.NewClient(opts); err != nil {
		m.t.Fatal(err)
	}
	m.step("a client of IMDS: %v, life %v, max age %v, mint after %v, its OnEvent %s", m.isIMDS, m.life, m.maxAge, m.endpoint.mintAfter, c.observer)
	return c
}

// Write is the Logger's.
func (c *modelClient) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "eyJ") {
		c.broke("the log shows a token: %s", line)
	}
	return len(line), nil
}

func (c *modelClient) onEvent(ev aztoken.Event) {
	c.rules.judgeEvent(ev, time.Now())
	c.observe(c.observer)
}

// observe does what an observer of the kind does.
func (c *modelClient) observe(kind string) {
	switch kind {
	case "slow":
		select {
		case <-time.After(3 * time.Minute):
		case <-c.released:
		}
	case "panics":
		panic("the observer has " + leak)
	case "exits":
		runtime.Goexit()
	case "never returns":
		<-c.released
	}
}

func (c *modelClient) run() {
	for range modelOperations {
		if c.isBroken() {
			break
		}
		time.Sleep(c.between(time.Millisecond, min(3*time.Hour, c.life/4)))
		c.operate()
	}
	if c.random.IntN(2) == 0 {
		c.rest()
	}
	c.close()
}

// operate draws an operation and begins it.
func (c *modelClient) operate() {
	k := pick(c.random, c.keys...)
	plain := c.keys[c.random.IntN(3)]
	switch n := c.random.IntN(100); {
	case n < 30:
		c.ask(k, false, 1, c.patience())
	case n < 38:
		c.ask(k, true, 1, c.patience())
	case n < 56:
		c.roundTrip(plain, c.patience())
	case n < 63:
		c.invalidate(plain)
	case n < 67:
		c.subscribe(plain)
	case n < 69:
		c.unsubscribe()
	case n < 71:
		c.warm(c.patience())
	case n < 78:
		c.step("Status")
		c.rules.judgeStatus(c.Status(), c.maxAge, time.Now())
	case n < 90:
		c.breakEndpoint()
	case n < 93:
		life := pick(c.random, c.life, c.life, c.between(10*time.Second, c.life))
		c.step("tokens live %v", life)
		c.endpoint.set(func() { c.endpoint.life = life })
	case n < 96:
		c.service.change()
	case n < 99:
		c.ask(k, false, 50, c.patience())
	default:
		c.step("a long pause")
		time.Sleep(c.between(c.life, 3*c.life))
	}
}

// patience is a caller's.
type patience struct {
	deadline time.Duration // zero for none
	cancel   time.Duration // zero for never
	over     bool          // before the call
}

func (c *modelClient) patience() patience {
	p := patience{deadline: pick(c.random, 0, 10*time.Millisecond, time.Second, 10*time.Second, time.Minute)}
	switch c.random.IntN(12) {
	case 0:
		p.over = true
	case 1:
		p.cancel = c.between(time.Millisecond, time.Minute)
	}
	return p
}

func (p patience) String() string {
	return fmt.Sprintf("deadline %v, cancelled after %v, over %v", p.deadline, p.cancel, p.over)
}

// context returns the caller's context. A context that is cancelled has that moment as its deadline
// too, by which a call is judged.
func (p patience) context() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	if p.over {
		cancel()
	}
	if p.cancel > 0 {
		time.AfterFunc(p.cancel, cancel)
	}
	if p.deadline == 0 {
		return ctx, cancel
	}
	ctx, end := context.WithTimeout(ctx, p.deadline)
	return ctx, func() { end(); cancel() }
}

// goDo makes a call in a goroutine of its own.
func (c *modelClient) goDo(p patience, f func(ctx context.Context)) {
	c.calls.Go(func() {
		ctx, cancel := p.context()
		defer cancel()
		f(ctx)
	})
}

// ask asks for a token, callers times at once.
func (c *modelClient) ask(k modelKey, claims bool, callers int, p patience) {
	byToken := !claims && k.tenant == "" && !k.cae && c.random.IntN(4) > 0
	what := "GetToken"
	if byToken {
		what = "Token"
	} else if claims {
		what = "GetToken with claims"
	}
	c.step("%d times %s for %v, %v", callers, what, k, p)
	for range callers {
		c.goDo(p, func(ctx context.Context) {
			call := c.rules.begin(ctx, what, k, claims, p)
			if byToken {
				t, err := c.Token(ctx, k.resource)
				c.judgeTokens(k, t, err)
				c.rules.end(ctx, call, t.Value(), err)
				return
			}
			o := policy.TokenRequestOptions{Scopes: []string{k.resource + "/.default"}, TenantID: k.tenant, EnableCAE: k.cae}
			if claims {
				o.Claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
			}
			t, err := c.GetToken(ctx, o)
			if err == nil && (t.RefreshOn.IsZero() || !t.ExpiresOn.After(time.Now())) {
				c.broke("%s returned a token without its times", call)
			}
			c.rules.end(ctx, call, t.Token, err)
		})
	}
}

// judgeTokens judges what only a Token shows.
func (c *modelClient) judgeTokens(k modelKey, t aztoken.Token, err error) {
	if strings.Contains(fmt.Sprintf("%v %+v %#v", t, t, t), "eyJ") {
		c.broke("a Token shows its secret")
	}
	if err != nil {
		if t != (aztoken.Token{}) {
			c.broke("Token returned a token and %v", err)
		}
		return
	}
	if m := c.endpoint.find(t.Value()); m != nil && (t.Resource != k.resource || t.ExpiresOn.After(m.ends) || m.ends.Sub(t.ExpiresOn) > time.Second) {
		c.broke("Token for %v returned %v, which ends at %v", k, t, m.ends)
	}
	c.rules.mu.Lock()
	defer c.rules.mu.Unlock()
	c.rules.see(k, t.Value(), t, time.Now())
}

func (c *modelClient) warm(p patience) {
	c.step("Warm, %v", p)
	c.goDo(p, func(ctx context.Context) {
		var calls []modelCall
		for _, k := range c.keys[:3] {
			calls = append(calls, c.rules.begin(ctx, "Warm", k, false, p))
		}
		err := c.Warm(ctx, c.keys[0].resource, c.keys[1].resource, c.keys[2].resource)
		failed := map[string]error{}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, err := range joined.Unwrap() {
				if e, ok := err.(*aztoken.Error); ok {
					failed[e.Resource] = err
				}
			}
		}
		if err != nil && len(failed) == 0 && c.isOpen() {
			c.broke("Warm failed for no resource: %v", err)
		}
		for _, call := range calls {
			if err := failed[call.key.resource]; err != nil {
				c.judgeWarm(ctx, call, err)
			}
		}
	})
}

func (c *modelClient) judgeWarm(ctx context.Context, call modelCall, err error) {
	c.rules.mu.Lock()
	defer c.rules.mu.Unlock()
	c.rules.judgeError(ctx, call, err, time.Now())
}

func (c *modelClient) isOpen() bool {
	c.rules.mu.Lock()
	defer c.rules.mu.Unlock()
	return c.rules.closing.IsZero()
}

// invalidate rejects the last token that a call of Token returned, which need not be in use any
// more.
func (c *modelClient) invalidate(k modelKey) {
	c.rules.mu.Lock()
	t := c.rules.state(k).token
	c.rules.mu.Unlock()
	again := pick(c.random, 0, 0, time.Second, 3*time.Second)
	c.step("Invalidate %v, and again after %v", t, again)
	c.reject(k, t)
	if again > 0 {
		time.Sleep(again)
		c.reject(k, t)
	}
}

// reject calls Invalidate.
func (c *modelClient) reject(k modelKey, t aztoken.Token) {
	now := time.Now()
	if t.Value() != "" {
		c.rules.mu.Lock()
		c.rules.invalidate(k, t.Value(), now)
		c.rules.mu.Unlock()
	}
	c.Invalidate(t)
	if took := time.Since(now); took > 0 {
		c.broke("Invalidate took %v", took)
	}
}

// breakEndpoint puts a fault in force.
func (c *modelClient) breakEndpoint() {
	kinds := modelFaults
	if !c.isIMDS {
		kinds = append(slices.Clone(kinds), "panic", "Goexit")
	}
	f := modelFault{kind: pick(c.random, kinds...), size: c.between(time.Second, 100*time.Second)}
	switch f.kind {
	case "short life":
		f.size = c.between(3*time.Second, 20*time.Second)
	case "Retry-After":
		f.size = c.between(time.Second, 1000*time.Hour)
	}
	lasting := c.between(time.Second, 2*c.life)
	f.until = time.Now().Add(lasting)
	c.step("%s (%v) for %v", f.kind, f.size, lasting)
	c.endpoint.set(func() { c.endpoint.fault = f })
}

// rest lets the client alone until everything must be forgotten.
func (c *modelClient) rest() {
	c.step("rest")
	c.endpoint.set(func() { c.endpoint.fault, c.endpoint.life = modelFault{}, c.life })
	time.Sleep(modelAfterEffect)
	for i := range c.subscribers {
		c.judgeSubscriber(c.subscribers[i])
		c.subscribers[i].end()
	}
	c.subscribers = nil
	c.calls.Wait()
	time.Sleep(3*c.life + time.Hour)
	synctest.Wait()
	s := c.Status()
	c.rules.judgeStatus(s, c.maxAge, time.Now())
	if len(s.Resources) > 0 {
		c.broke("the status has not forgotten %+v", s.Resources)
	}
}

// close closes the client while calls are under way, and looks that it is closed.
func (c *modelClient) close() {
	if !c.isBroken() {
		for range 3 {
			c.ask(pick(c.random, c.keys...), false, 1, c.patience())
		}
		time.Sleep(c.between(time.Millisecond, time.Second))
	}
	mayRun := c.lingers || lingers(c.observer) || c.endpoint.fault.kind == "stuck"
	c.endpoint.set(func() { mayRun = mayRun || c.endpoint.stuck > 0 })
	start := time.Now()
	c.step("Close")
	c.rules.mu.Lock()
	c.rules.closing = start
	c.rules.mu.Unlock()
	err := c.Close()
	c.rules.mu.Lock()
	c.rules.closed = time.Now()
	c.rules.mu.Unlock()
	switch took := time.Since(start); {
	case took > 5*time.Second:
		c.broke("Close took %v", took)
	case err != nil && !(mayRun && err == aztoken.ErrStillRunning):
		c.broke("Close returned %v after %v", err, took)
	}
	time.Sleep(time.Nanosecond)
	c.judgeClosed()
	c.calls.Wait()
	// That is the wait of a rejected request's sender.
	if took := time.Since(c.rules.closed); took > 11*time.Second {
		c.broke("a call ended %v after Close", took)
	}
	time.Sleep(time.Hour) // callbacks that come late are found
	close(c.released)
	c.endpoint.set(func() { c.endpoint.fault = modelFault{} })
	time.Sleep(2 * time.Hour) // sources and callbacks that did not heed the end return
	synctest.Wait()
}

// judgeClosed looks that nothing of the client works any more.
func (c *modelClient) judgeClosed() {
	ctx := context.Background()
	start := time.Now()
	_, err := c.Token(ctx, c.keys[0].resource)
	_, errGet := c.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.keys[0].resource}, Claims: "{}"})
	_, errSend := c.Wrap(&http.Client{Transport: &c.service}, c.keys[0].resource).Get("https://service.example/")
	for _, err := range []error{err, errGet, errSend, c.Warm(ctx, c.keys[0].resource)} {
		if err == nil || !strings.Contains(err.Error(), aztoken.ErrClosed.Error()) {
			c.broke("a closed client returned %v", err)
		}
	}
	c.OnRotate(c.keys[0].resource, func(aztoken.Token) { c.broke("a closed client has subscribers") })()
	c.rules.mu.Lock()
	last := c.rules.state(c.keys[0]).token
	c.rules.mu.Unlock()
	c.Invalidate(last)
	if s := c.Status(); len(s.Resources) > 0 {
		c.broke("a closed client has the status %+v", s)
	}
	if took := time.Since(start); took > 0 {
		c.broke("calls of a closed client took %v", took)
	}
}

// modelService is a service that rejects some tokens.
type modelService struct {
	c  *modelClient
	mu sync.Mutex
	// rejects is which tokens: none, "old" ones that were issued before since, or "all".
	rejects string
	claims  bool
	since   time.Time
}

func (s *modelService) change() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejects, s.claims, s.since = pick(s.c.random, "none", "old", "old", "all"), s.c.random.IntN(3) == 0, time.Now()
	s.c.step("the service rejects %s, with claims: %v", s.rejects, s.claims)
}

// modelAttempt is one request as the service got it.
type modelAttempt struct {
	at     time.Time
	status int
}

type modelAttempts struct{}

// RoundTrip implements [http.RoundTripper].
func (s *modelService) RoundTrip(req *http.Request) (*http.Response, error) {
	now := time.Now()
	value := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
	k := req.Context().Value(modelKey{}).(modelKey)
	s.c.rules.mu.Lock()
	s.c.rules.judgeToken("the service", k, value, now)
	s.c.rules.see(k, value, aztoken.Token{}, now)
	s.c.rules.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: req}
	m := s.c.endpoint.find(value)
	if s.rejects == "all" || m == nil || s.rejects == "old" && m.at.Before(s.since) {
		resp.StatusCode = 401
		resp.Header.Set("Www-Authenticate", `Bearer error="invalid_token"`)
		if s.claims {
			resp.Header.Set("Www-Authenticate", claimsChallenge)
		}
		s.c.rules.mu.Lock()
		s.c.rules.reject(k, value, now)
		if s.claims {
			s.c.rules.state(k).challenged = now
		}
		s.c.rules.mu.Unlock()
	}
	attempts := req.Context().Value(modelAttempts{}).(*[]modelAttempt)
	*attempts = append(*attempts, modelAttempt{now, resp.StatusCode})
	return resp, nil
}

// roundTrip calls the service.
func (c *modelClient) roundTrip(k modelKey, p patience) {
	body := pick(c.random, "none", "repeatable", "stream")
	c.step("a request with a token for %v, body: %s, %v", k, body, p)
	c.goDo(p, func(ctx context.Context) {
		var attempts []modelAttempt
		sent := context.WithValue(context.WithValue(ctx, modelKey{}, k), modelAttempts{}, &attempts)
		var content io.Reader
		switch body {
		case "repeatable":
			content = strings.NewReader("body")
		case "stream":
			content = io.MultiReader(strings.NewReader("body"))
		}
		req, err := http.NewRequestWithContext(sent, http.MethodPost, "https://service.example/", content)
		if err != nil {
			panic(err) // of a constant
		}
		call := c.rules.begin(ctx, "RoundTrip", k, false, p)
		resp, err := (&aztoken.Transport{Client: c.Client, Resource: k.resource, Base: &c.service}).RoundTrip(req)
		c.judgeRoundTrip(ctx, call, attempts, resp, err, body == "stream")
	})
}

func (c *modelClient) judgeRoundTrip(ctx context.Context, call modelCall, attempts []modelAttempt, resp *http.Response, err error, isStream bool) {
	c.rules.mu.Lock()
	defer c.rules.mu.Unlock()
	now := time.Now()
	if len(attempts) == 0 {
		c.rules.judgeTime(call, now)
		if err == nil {
			c.broke("%s was answered by nobody", call)
			return
		}
		c.rules.judgeError(ctx, call, err, now)
		return
	}
	first, last := attempts[0], attempts[len(attempts)-1]
	c.rules.judgeTime(call, first.at)
	looked := now.Sub(first.at)
	switch {
	case err != nil || resp.StatusCode != last.status:
		c.broke("%s returned %v, and the service answered %v", call, err, attempts)
	case len(attempts) > 2 || len(attempts) == 2 && (first.status != 401 || isStream):
		c.broke("%s was sent too often: %v", call, attempts)
	case looked > modelChallenge, looked > 0 && (first.status != 401 || isStream), !call.deadline.IsZero() && now.After(call.deadline) && now.After(first.at):
		c.broke("%s took %v after its request was answered: %v", call, looked, attempts)
	}
}

// modelSubscriber is a callback of OnRotate.
type modelSubscriber struct {
	c       *modelClient
	key     modelKey
	kind    string
	begun   time.Time
	stop    func()
	mu      sync.Mutex
	running bool
	stopped time.Time
	last    *minted
}

func (c *modelClient) subscribe(k modelKey) {
	s := &modelSubscriber{c: c, key: k, kind: pick(c.random, modelCallbacks...), begun: time.Now()}
	c.step("OnRotate for %v, whose callback %s", k, s.kind)
	s.stop = c.OnRotate(k.resource, s.call)
	c.subscribers, c.lingers = append(c.subscribers, s), c.lingers || lingers(s.kind)
}

func (c *modelClient) unsubscribe() {
	if len(c.subscribers) == 0 {
		return
	}
	i := c.random.IntN(len(c.subscribers))
	c.step("the subscription for %v ends", c.subscribers[i].key)
	c.subscribers[i].end()
	c.subscribers = slices.Delete(c.subscribers, i, i+1)
}

func (s *modelSubscriber) end() {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = time.Now()
}

func (s *modelSubscriber) call(t aztoken.Token) {
	s.judge(t)
	if s.kind == "rejects" {
		s.c.rules.mu.Lock()
		s.c.rules.see(s.key, t.Value(), t, time.Now())
		s.c.rules.mu.Unlock()
		s.c.reject(s.key, t)
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running = false
	}()
	s.c.observe(s.kind)
}

func (s *modelSubscriber) judge(t aztoken.Token) {
	now, m := time.Now(), s.c.endpoint.find(t.Value())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.c.rules.mu.Lock()
	defer s.c.rules.mu.Unlock()
	switch {
	case s.running:
		s.c.broke("a callback of OnRotate for %v is called twice at once", s.key)
	case m == nil || m.key != s.key:
		s.c.broke("a callback of OnRotate for %v is called with %v", s.key, m)
	case s.last != nil && (m == s.last || m.at.Before(s.last.at)):
		s.c.broke("a callback of OnRotate for %v is called out of order: %v after %v", s.key, m, s.last)
	case !s.stopped.IsZero() && now.After(s.stopped):
		s.c.broke("a callback of OnRotate for %v is called after its end", s.key)
	case !s.c.rules.closing.IsZero() && now.After(s.c.rules.closing):
		s.c.broke("a callback of OnRotate for %v is called after Close", s.key)
	}
	s.running, s.last = true, m
}

// judgeSubscriber looks that a subscriber knows the token that callers get.
func (c *modelClient) judgeSubscriber(s *modelSubscriber) {
	if lingers(s.kind) {
		return
	}
	synctest.Wait()
	call := c.rules.begin(context.Background(), "Token", s.key, false, patience{})
	t, err := c.Token(context.Background(), s.key.resource)
	c.rules.end(context.Background(), call, t.Value(), err)
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := c.endpoint.find(t.Value()); m != nil && m.at.After(s.begun) && m != s.last {
		c.broke("a callback of OnRotate for %v was not told of the token that is in use", s.key)
	}
}
