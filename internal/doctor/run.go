package doctor

import (
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// Run makes all checks in turn and calls tell with each one. ctx bounds the whole run.
func Run(ctx context.Context, o Options, tell func(Check)) Report {
	var report Report
	add := func(checks ...Check) {
		for _, c := range checks {
			report.Checks = append(report.Checks, c)
			tell(c)
		}
	}
	o.Resource = hosts.TrimScope(o.Resource)
	got := o.run(ctx, &report, add)
	if got == nil {
		add(skipped([]string{roleCheck})...)
	} else {
		add(judgeRole(o.Role, readToken(*got), report.cached, time.Now()))
	}
	if o.Store != nil {
		add(inspect(ctx, o.Store))
	}
	return report
}

// run returns the token for the resource, nil if there is none.
func (o Options) run(ctx context.Context, report *Report, add func(...Check)) *azcore.AccessToken {
	if o.Application == nil {
		return runEndpoint(ctx, o, report, add)
	}
	return runApplication(ctx, o, report, add)
}

// runEndpoint looks at host, endpoint and token, and notes what the host is.
func runEndpoint(ctx context.Context, o Options, report *Report, add func(...Check)) *azcore.AccessToken {
	r := &recorder{}
	start := time.Now()
	host, err := r.find(o, o.ID)
	took := time.Since(start)
	if err != nil {
		add(badHost(err, o, took))
		add(skipped(afterHost)...)
		return nil
	}
	defer host.Source.Close()
	report.Kind, report.Endpoint, report.Why = string(host.Kind), host.Endpoint, host.Why
	add(Check{Name: hostCheck, Status: OK, Detail: host.String(), Took: took})

	first := r.ask(ctx, host.Source, o.Resource)
	if first.failure != nil {
		failed := diagnose(host.Kind, first)
		if failed.check == identityCheck {
			failed.fix = rightKind(o.ID, failed.fix, func(id hosts.ID) bool { return r.works(ctx, o, id) })
		}
		add(failures(host.Kind, first, failed, proxyNote(o, host))...)
		return nil
	}
	t := readToken(first.token)
	now := time.Now()
	add(successes(host.Kind, o.Resource, first, t, proxyNote(o, host), now)...)
	add(judgeClock(first, t, now))
	second := r.ask(ctx, host.Source, o.Resource)
	report.cached = second.failure != nil || second.token.Token == first.token.Token
	add(judgeCache(first.token, second, t, now))
	return &first.token
}

// find returns the host for id, whose requests r records.
func (r *recorder) find(o Options, id hosts.ID) (hosts.Host, error) {
	return hosts.Find(r.config(o, id))
}

func (r *recorder) config(o Options, id hosts.ID) hosts.Config {
	cfg := hosts.Config{
		Getenv: o.Getenv, Files: o.Files, Endpoint: o.Endpoint, ID: id, Module: module, Version: version,
	}
	cfg.Options.PerRetryPolicies = []policy.Policy{r}
	return cfg
}

// works reports whether there is a token for another id.
func (r *recorder) works(ctx context.Context, o Options, id hosts.ID) bool {
	host, err := r.find(o, id)
	if err != nil {
		return false
	}
	defer host.Source.Close()
	return r.ask(ctx, host.Source, o.Resource).failure == nil
}

// skipped returns the checks that could not be made.
func skipped(names []string) []Check {
	var all []Check
	for _, name := range names {
		all = append(all, Check{Name: name, Status: Skipped})
	}
	return all
}
