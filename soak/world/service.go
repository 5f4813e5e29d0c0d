package world

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// journey is a call of the service on its way, as the transport beneath the client sees it. The
// requests of a call follow each other.
type journey struct {
	first    time.Time // when the first request left
	remote   time.Duration
	excused  bool // the connection or the service itself was out of order
	rejected bool // the service rejected a token
	status   int
}

type journeyKey struct{}

func (j *journey) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, journeyKey{}, j)
}

// askService is the transport beneath the client's transport for the service: it carries a request
// over the connection as it is.
func (p *program) askService(c *client, r *http.Request) (*http.Response, error) {
	began := time.Now()
	j := r.Context().Value(journeyKey{}).(*journey)
	if j.first.IsZero() {
		j.first = began
	}
	defer func() { j.remote += time.Since(began) }()
	token := bearer(r)
	p.journal.report(rules.UseOfToken(p.cloud.endOf(token), began, p.slack))
	link, fault := p.conditions.toService()
	if fault.Status != 0 || link.IsBroken() {
		j.excused = true
	}
	resp, err := link.roundTrip(r, func(r *http.Request) (*http.Response, error) {
		if fault.Status != 0 {
			return answer(r, fault), nil
		}
		return p.atService(r, token)
	})
	if err != nil {
		return nil, err
	}
	j.status = resp.StatusCode
	if rejectsToken(resp) {
		j.rejected = true
		c.rejected(orders)
	}
	return resp, nil
}

// rejectsToken reports whether an answer asks for another token, as opposed to another kind of
// authentication.
func rejectsToken(resp *http.Response) bool {
	return resp.StatusCode == http.StatusUnauthorized && strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Bearer")
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// answer is what the service itself answers in place of its verifier.
func answer(r *http.Request, f plan.ServiceFault) *http.Response {
	header := http.Header{}
	if f.Challenge != "" {
		header.Set("WWW-Authenticate", f.Challenge)
	}
	return &http.Response{
		Status: http.StatusText(f.Status), StatusCode: f.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: http.NoBody, Request: r,
	}
}

// atService is a request that reaches the verifier.
func (p *program) atService(r *http.Request, token string) (*http.Response, error) {
	t, _ := rules.ReadToken(token)
	v := p.currentVerifier()
	h := rules.Verification{Start: time.Now(), KeyID: t.KeyID, Slack: p.slack}
	h.Before, _ = v.knows()
	resp, err := p.network.toService.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	var closing bool
	h.After, closing = v.knows()
	h.End, h.Status, h.Published, h.Over = time.Now(), resp.StatusCode, p.cloud.publishedSince(t.KeyID), r.Context().Err() != nil
	p.journal.count(func(t *Tally) { t.Answers[h.Status]++ })
	if !closing {
		p.journal.report(h.Findings())
	}
	return resp, nil
}

// sendMadeUp sends a token that nobody signed.
func (p *program) sendMadeUp(ctx context.Context, token string) {
	r := newRequest(ctx)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := p.network.toService.RoundTrip(r)
	if err != nil {
		return
	}
	_ = resp.Body.Close()
	p.journal.report(rules.MadeUpToken(resp.StatusCode))
}

// newRequest returns a request to the service.
func newRequest(ctx context.Context) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, orders+"/orders", nil)
	if err != nil {
		panic(err) // of a constant
	}
	return r
}
