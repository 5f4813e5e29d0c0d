package extauth

import (
	"errors"
	"net/http"

	"github.com/seed-ac726066/aztoken/verify"
)

// An outcome is what a guard makes of a question.
type outcome struct {
	result result
	asked  original
	rule   *rule          // nil: none was found
	claims *verify.Claims // of the caller, if the token is good
	err    error          // why it was refused
	// what the caller is told about its token; nil if the token is not the reason
	refusal *verify.Error
}

// judge decides whether a request may pass.
func (g *generation) judge(r *http.Request) (o outcome) {
	var err error
	if o.asked, err = g.config.Proxy.original(r); err != nil {
		return o.refused(badRequest, err)
	}
	marked := marks(r.Header)
	if marked&ownHeader != 0 {
		return o.refused(badRequest, errOwnHeader)
	}
	chosen, q := choice{rule: g.rules.only}, question{original: o.asked}
	if g.config.Proxy != NoProxy {
		t, err := readTarget(o.asked.target)
		if err != nil {
			return o.refused(badRequest, err)
		}
		q.override = marked&methodOverride != 0
		q.preflight = !q.override && isPreflight(o.asked.method, r.Header)
		chosen, err = g.rules.choose(q, t)
		o.rule = chosen.rule
		switch {
		case errors.Is(err, errNoRule), errors.Is(err, errNoMethod):
			return o.refused(noRule, err)
		case err != nil:
			return o.refused(badRequest, err)
		}
	}
	o.rule = chosen.rule
	if chosen.isOpen(q) {
		o.result = open
		return o
	}
	o.result = allowed
	return g.authorize(o, r, func(c *verify.Claims) error { return chosen.meet(q, c) })
}

// authorize completes the outcome of a request that must show a token.
func (g *generation) authorize(o outcome, r *http.Request, required verify.Requirement) outcome {
	token, err := verify.BearerToken(r)
	if err == nil {
		o.claims, err = g.verifier.Verify(r.Context(), token)
	}
	if err == nil {
		err = required(o.claims)
	}
	if err != nil {
		return g.rejected(o, err)
	}
	return o
}

func (o outcome) refused(r result, err error) outcome {
	o.result, o.err = r, err
	return o
}

// rejected returns the outcome for an error of package verify.
func (g *generation) rejected(o outcome, err error) outcome {
	o.refusal, o.err = g.verifier.Refusal(err), err
	switch o.refusal.StatusCode() {
	case http.StatusServiceUnavailable:
		o.result = unavailable
	case http.StatusForbidden:
		o.result = forbidden
	default:
		o.result = badToken
		if errors.Is(err, verify.ErrNoToken) {
			o.result = noToken
		}
	}
	return o
}
