package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

var errNoAssertion = errors.New("the identity made no assertion")

// runApplication looks at the identity that makes the assertion, and then at the exchange.
func runApplication(ctx context.Context, o Options, report *Report, add func(...Check)) *azcore.AccessToken {
	r := &recorder{}
	host, err := hosts.NewFederation(r.config(o, hosts.ID{}), hosts.Federation{
		TenantID: o.Application.TenantID, ClientID: o.Application.ClientID, By: "the identity",
		Assert: func(ctx context.Context, audience string) (hosts.Assertion, error) {
			of := o
			of.Resource = audience
			made := runEndpoint(ctx, of, report, add)
			r.reset() // it gets its own time limit
			if made == nil {
				return hosts.Assertion{}, errNoAssertion
			}
			return hosts.Assertion{Value: secret.New(made.Token)}, nil
		},
	})
	if err != nil {
		add(badHost(err, o, 0))
		add(skipped(afterHost)...)
		add(skipped([]string{exchangeCheck})...)
		return nil
	}
	defer host.Source.Close()
	a := r.ask(ctx, host.Source, o.Resource)
	if a.failure != nil && errors.Is(a.failure.Err, errNoAssertion) {
		add(skipped([]string{exchangeCheck})...)
		return nil
	}
	c := judgeExchange(host, o.Resource, a, time.Now())
	add(c)
	if c.Status != OK {
		return nil
	}
	return &a.token
}

// judgeExchange returns the check of an exchange for a token for resource, whose outcome was a.
func judgeExchange(host hosts.Host, resource string, a answer, now time.Time) Check {
	c := Check{Name: exchangeCheck, Status: OK, Took: a.took}
	if a.failure != nil {
		c.Status, c.Detail, c.Fix = Failed, a.failure.Error(), diagnose(host.Kind, a).fix
		return c
	}
	t := readToken(a.token)
	c.Detail = message.Join([]string{"token received, expires in " + message.Duration(a.token.ExpiresOn.Sub(now)), noIDType(resource, t)}, "")
	if t.readable {
		c.Detail = fmt.Sprintf("object id %s, client id %s, tenant %s: %s", t.objectID, t.clientID, t.tenantID, c.Detail)
	}
	return c
}
