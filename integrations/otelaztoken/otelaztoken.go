// Package otelaztoken exposes the state of the tokens of an [aztoken.Client] and of the keys of a
// [verify.Verifier] as OpenTelemetry metrics.
//
//	metrics, err := otelaztoken.New(nil) // uses the global MeterProvider
//	if err != nil { … }
//	defer metrics.Close()
//
//	client, err := aztoken.NewClient(&aztoken.Options{OnEvent: metrics.OnEvent})
//	if err != nil { … }
//	defer client.Close()
//	metrics.Watch(client)
//
// OnEvent counts requests, and Watch shows the state of tokens. One Metrics serves all clients and
// verifiers of a program. The table of metrics is in docs/telemetry.md of the repository.
//
// Spans do not need this package: azcore traces requests to identity endpoints, like those of every
// Azure SDK client.
//
//	opts.TracingProvider = azotel.NewTracingProvider(otel.GetTracerProvider(), nil)
//
// A request serves all callers that wait for it, and most often none waits, so its span is the root
// of a separate trace.
package otelaztoken

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry"
	"github.com/seed-ac726066/aztoken/verify"
)

// ScopeName is the name of the meter.
const ScopeName = "github.com/seed-ac726066/aztoken/integrations/otelaztoken"

// The attributes of metrics. There are two more: azure.client.id, the name that [Metrics.As] gave a
// client, and error.type, on failures.
const (
	// The identity that was requested, "default" for the host's, "" for a credential's.
	IdentityKey = attribute.Key("aztoken.identity")
	ResourceKey = attribute.Key("aztoken.resource") // what the token is for
	// The tenant if a credential was asked for another tenant, "" for its own.
	TenantKey = attribute.Key("aztoken.tenant")
	// Whether the token is subject to continuous access evaluation.
	CAEKey    = attribute.Key("aztoken.cae")
	ResultKey = attribute.Key("aztoken.result") // "ok" or "error"
	EventKey  = attribute.Key("aztoken.event")  // an aztoken.EventKind
)

// Options are the settings of a [Metrics]. The zero value is right for most programs.
type Options struct {
	// MeterProvider makes the instruments. Nil means the global one.
	MeterProvider metric.MeterProvider
	// MaxResources limits how many resources (with their identity and tenant) have their own
	// attributes, and how many identities. The first ones keep theirs permanently; all others share
	// "other", which shows the worst of them. Without a limit, a program whose callers name the
	// resources could create an unbounded number of series. Resources that never had a token are
	// counted separately. Zero means 100.
	MaxResources int
}

// Metrics measures clients and verifiers. Create it with [New]. It is safe for concurrent use. No
// attribute contains a token, a secret or the text of an error.
//
// Clients of the same identity share its series: gauges show the token that expires first and the
// highest number of failures, and counters are sums. [Metrics.As] keeps them apart.
type Metrics struct {
	watched  *telemetry.Watched
	gauges   gauges
	counters counters
	stop     metric.Registration
}

// New returns a Metrics. Nil opts are the defaults. Create only one per MeterProvider, because two
// would overwrite each other.
func New(opts *Options) (*Metrics, error) {
	if opts == nil {
		opts = &Options{}
	}
	provider := opts.MeterProvider
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	meter := provider.Meter(ScopeName, metric.WithSchemaURL(semconv.SchemaURL))
	m := &Metrics{watched: telemetry.NewWatched(opts.MaxResources)}
	var err error
	if m.counters, err = newCounters(meter); err != nil {
		return nil, err
	}
	if m.gauges, err = newGauges(meter); err != nil {
		return nil, err
	}
	if m.stop, err = meter.RegisterCallback(m.observe, m.gauges.all()...); err != nil {
		return nil, err
	}
	return m, nil
}

// Close stops the gauges. It returns the error of the MeterProvider.
func (m *Metrics) Close() error { return m.stop.Unregister() }

// OnEvent counts an event of a client. Use it as [aztoken.Options].OnEvent of any number of
// clients, or call it from your own OnEvent.
func (m *Metrics) OnEvent(ev aztoken.Event) { m.As("").OnEvent(ev) }

// Watch shows the tokens of c until c is closed. It does not keep c alive.
func (m *Metrics) Watch(c *aztoken.Client) { m.As("").Watch(c) }

// As returns m for a client with a name, which becomes the attribute azure.client.id. It is for
// clients that have the same identity, or none because of Options.Credential. A name must come from
// the program, not from its callers. "" means no name.
func (m *Metrics) As(name string) Named { return Named{m, telemetry.Source{Client: name}} }

// Named counts and shows a client under a name; see [Metrics.As].
type Named struct {
	metrics *Metrics
	as      telemetry.Source
}

// OnEvent is [Metrics.OnEvent] under the name.
func (n Named) OnEvent(ev aztoken.Event) {
	ctx, c := context.Background(), n.metrics.counters
	source := attributes(n.metrics.watched.SourceOf(n.as, ev.Identity))
	c.events.Add(ctx, 1, with(source, EventKey.String(string(ev.Kind))))
	var outcome metric.MeasurementOption
	switch result := telemetry.Outcome(ev); result {
	case "":
		return
	case telemetry.Error:
		outcome = with(source, ResultKey.String(result), semconv.ErrorTypeKey.String(telemetry.ErrorType(ev.Err)))
	default:
		outcome = with(source, ResultKey.String(result))
	}
	c.requests.Add(ctx, 1, outcome)
	c.duration.Record(ctx, ev.Took.Seconds(), outcome)
}

// Watch is [Metrics.Watch] under the name.
func (n Named) Watch(c *aztoken.Client) { n.metrics.watched.Client(n.as, c) }

// OnVerifyEvent counts an event of a verifier. Use it as [verify.Options].OnEvent.
func (m *Metrics) OnVerifyEvent(ev verify.Event) {
	ctx, c := context.Background(), m.counters
	switch ev.Kind {
	case verify.EventKeysFetched:
		c.fetches.Add(ctx, 1, with(nil, ResultKey.String(telemetry.OK)))
	case verify.EventKeysFailed:
		c.fetches.Add(ctx, 1, with(nil, ResultKey.String(telemetry.Error)))
	case verify.EventRejected:
		c.rejected.Add(ctx, 1, with(nil, semconv.ErrorTypeKey.String(telemetry.Reason(ev.Err))))
	case verify.EventKeyFileFailed:
		c.keyFileFailures.Add(ctx, 1)
	}
}

// WatchVerifier shows the keys of v, from its first token until v is closed. With several
// verifiers, the one in the worst state is shown. It does not keep v alive.
func (m *Metrics) WatchVerifier(v *verify.Verifier) { m.watched.Verifier(v) }

// attributes returns the attributes of a client.
func attributes(s telemetry.Source) []attribute.KeyValue {
	all := []attribute.KeyValue{IdentityKey.String(s.Identity)}
	if s.Client != "" {
		all = append(all, semconv.AzureClientID(s.Client))
	}
	return all
}

// with returns the attributes of a client plus more.
func with(source []attribute.KeyValue, more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(source[:len(source):len(source)], more...)...))
}
