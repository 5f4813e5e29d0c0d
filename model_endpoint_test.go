package aztoken_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// modelKey is what a token is for.
type modelKey struct {
	resource, tenant string
	cae              bool
}

// minted is a token that the endpoint of the model issued.
type minted struct {
	key      modelKey
	value    string
	at, ends time.Time
	replied  time.Time // when it was last returned
}

// modelFault is what goes wrong with requests that come before until.
type modelFault struct {
	kind  string
	until time.Time
	size  time.Duration // a delay, a life or a Retry-After
}

// modelFaults are the kinds that endpoints and credentials have in common.
var modelFaults = []string{
	"hang", "stuck", "slow", "400", "429", "500", "503", "Retry-After", "refused", "nonsense", "short life", "expired",
}

// modelEndpoint issues tokens, as IMDS (it is a policy.Transporter) and as a credential. It knows
// all tokens that there are, so nothing that a client hands out can be taken for a token by
// mistake.
type modelEndpoint struct {
	mintAfter time.Duration // as in imdstest.Options
	requested func(k modelKey, inFlight int)

	mu       sync.Mutex
	fault    modelFault
	life     time.Duration
	tokens   map[string]*minted
	issued   map[modelKey][]*minted
	replied  map[modelKey][]time.Time // when the endpoint returned a token
	inFlight map[modelKey]int
	stuck    int       // requests under way that do not heed their context
	troubled int       // faulty requests under way
	trouble  time.Time // when the last of them ended
}

func newModelEndpoint(mintAfter, life time.Duration) *modelEndpoint {
	return &modelEndpoint{
		mintAfter: mintAfter, life: life,
		tokens: map[string]*minted{}, issued: map[modelKey][]*minted{},
		replied: map[modelKey][]time.Time{}, inFlight: map[modelKey]int{},
	}
}

// modelLatency is that of a healthy endpoint. It keeps a request and its reply apart in virtual
// time.
const modelLatency = 5 * time.Millisecond

// ask returns a token for k, or what the fault in force makes of that.
func (p *modelEndpoint) ask(ctx context.Context, k modelKey, claims bool) (*minted, modelFault) {
	f := p.arrive(k)
	defer p.leave(k, f)
	wait := modelLatency
	switch f.kind {
	case "hang":
		<-ctx.Done()
		return nil, f
	case "stuck": // it does not heed its context
		p.set(func() { p.stuck++ })
		time.Sleep(f.size)
		p.set(func() { p.stuck-- })
		return p.mint(k, 0, claims), f
	case "slow":
		wait = f.size
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return nil, modelFault{kind: "hang"}
	}
	switch f.kind {
	case "", "slow":
		return p.mint(k, 0, claims), f
	case "short life":
		return p.mint(k, f.size, claims), f
	}
	return nil, f
}

func (p *modelEndpoint) arrive(k modelKey) modelFault {
	f, all := p.admit(k)
	if p.requested != nil {
		p.requested(k, all)
	}
	return f
}

func (p *modelEndpoint) admit(k modelKey) (f modelFault, all int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f = p.fault
	if !time.Now().Before(f.until) {
		f = modelFault{}
	}
	if f.kind != "" {
		p.troubled++
	}
	p.inFlight[k]++
	for _, n := range p.inFlight {
		all += n
	}
	// A source that ignores its context gives its slot back when it is abandoned.
	return f, all - p.stuck
}

func (p *modelEndpoint) leave(k modelKey, f modelFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight[k]--
	if f.kind != "" {
		p.troubled--
		p.trouble = time.Now()
	}
}

// mint returns the token that the endpoint has for k, or a new one. A life of zero is the
// endpoint's own.
func (p *modelEndpoint) mint(k modelKey, life time.Duration, claims bool) *minted {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.replied[k] = append(p.replied[k], now)
	if all := p.issued[k]; len(all) > 0 && !claims && life == 0 {
		if last := all[len(all)-1]; now.Sub(last.at) < p.mintAfter && last.ends.Sub(now) > 5*time.Second {
			last.replied = now
			return last
		}
	}
	if life == 0 {
		life = p.life
	}
	// The form of a JWT, by which messages are searched for it.
	value := fmt.Sprintf("eyJhbGciOiJSUzI1NiJ9.%06d.signature", len(p.tokens))
	m := &minted{key: k, value: value, at: now, ends: now.Add(life).Truncate(time.Second), replied: now}
	p.tokens[value], p.issued[k] = m, append(p.issued[k], m)
	return m
}

func (p *modelEndpoint) find(value string) *minted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens[value]
}

// since returns copies of the tokens for k that were issued at start or later.
func (p *modelEndpoint) since(k modelKey, start time.Time) (all []minted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.issued[k]) - 1; i >= 0 && !p.issued[k][i].at.Before(start); i-- {
		all = append(all, *p.issued[k][i])
	}
	return all
}

// troubledSince reports whether a fault met a request at start or later.
func (p *modelEndpoint) troubledSince(start time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.troubled > 0 || !p.trouble.Before(start)
}

// replies returns when the endpoint returned a token for k.
func (p *modelEndpoint) replies(k modelKey) []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.replied[k])
}

func (p *modelEndpoint) isAsked(k modelKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inFlight[k] > 0
}

func (p *modelEndpoint) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// leak is a token in an error, where a confused endpoint or credential puts it.
const leak = "eyJhbGciOiJSUzI1NiJ9.leaked.signature"

// GetToken implements [azcore.TokenCredential].
func (p *modelEndpoint) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	k := modelKey{strings.TrimSuffix(o.Scopes[0], "/.default"), o.TenantID, o.EnableCAE}
	m, f := p.ask(ctx, k, o.Claims != "")
	if m != nil {
		return azcore.AccessToken{Token: m.value, ExpiresOn: m.ends}, nil
	}
	switch f.kind {
	case "hang":
		return azcore.AccessToken{}, fmt.Errorf("signing in as %s: %w", leak, ctx.Err())
	case "400", "429", "500", "503", "Retry-After":
		code := map[string]int{"400": 400, "429": 429, "500": 500}[f.kind]
		if code == 0 {
			code = 503
		}
		return azcore.AccessToken{}, &azcore.ResponseError{StatusCode: code, ErrorCode: leak}
	case "refused":
		return azcore.AccessToken{}, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	case "nonsense":
		return azcore.AccessToken{Token: "two words", ExpiresOn: time.Now().Add(time.Hour)}, nil
	case "expired":
		return azcore.AccessToken{Token: leak, ExpiresOn: time.Now().Add(-time.Second)}, nil
	case "panic":
		panic("the credential has " + leak)
	case "Goexit":
		runtime.Goexit()
	}
	return azcore.AccessToken{}, errors.New("no fault of the model: " + f.kind)
}

// Do implements [policy.Transporter] as IMDS.
func (p *modelEndpoint) Do(req *http.Request) (*http.Response, error) {
	m, f := p.ask(req.Context(), modelKey{resource: req.URL.Query().Get("resource")}, false)
	if m != nil {
		left := time.Until(m.ends)
		return reply(req, 200, 0, map[string]any{
			"access_token": m.value, "token_type": "Bearer", "expires_in": fmt.Sprint(int(left / time.Second)),
			"expires_on": fmt.Sprint(m.ends.Unix()),
		}), nil
	}
	oauth := map[string]any{"error": "invalid_request", "error_description": "what was that? " + leak}
	switch f.kind {
	case "hang":
		return nil, req.Context().Err()
	case "400":
		return reply(req, 400, 0, oauth), nil
	case "429":
		return reply(req, 429, 0, oauth), nil
	case "500":
		return reply(req, 500, 0, oauth), nil
	case "503":
		return reply(req, 503, 0, oauth), nil
	case "Retry-After":
		return reply(req, 429, f.size, oauth), nil
	case "refused":
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	case "nonsense":
		return reply(req, 200, 0, leak), nil
	case "expired":
		return reply(req, 200, 0, map[string]any{"access_token": leak, "expires_in": "0"}), nil
	}
	return nil, errors.New("no fault of the model: " + f.kind)
}

func reply(req *http.Request, status int, retryAfter time.Duration, body any) *http.Response {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // of values that are strings
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if retryAfter > 0 {
		header.Set("Retry-After", fmt.Sprint(int(retryAfter/time.Second)))
	}
	return &http.Response{
		StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(string(text))), Request: req,
		ContentLength: int64(len(text)),
	}
}
