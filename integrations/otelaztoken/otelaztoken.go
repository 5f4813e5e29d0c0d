// Package otelaztoken shows the tokens of an [aztoken.Client], and the keys of a [verify.Verifier],
// as metrics of OpenTelemetry.
//
//	metrics, err := otelaztoken.New(nil) // by the global MeterProvider
//	if err != nil { … }
//	defer metrics.Close()
//
//	client, err := aztoken.NewClient(&aztoken.Options{OnEvent: metrics.OnEvent})
//	if err != nil { … }
//	defer client.Close()
//	metrics.Watch(client)
//
// OnEvent counts requests, Watch shows the state of tokens; one Metrics serves all clients and
// verifiers of a program. docs/telemetry.md of the repository has the table of metrics.
//
// Spans need nothing of this package: requests to identity endpoints are traced by azcore, as those
// of every Azure SDK client.
//
//	opts.TracingProvider = azotel.NewTracingProvider(otel.GetTracerProvider(), nil)
//
// A request serves all callers that wait for it and most often none, so its span is the root of a
// trace of its own.
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

// The attributes of metrics. Beside them there are azure.client.id, the name of a client that
// [Metrics.As] gave it, and error.type, on what failed.
const (
	IdentityKey = attribute.Key("aztoken.identity") // the identity that was asked for, "default" for the host's, "" for a credential's
	ResourceKey = attribute.Key("aztoken.resource") // what the token is for
	TenantKey   = attribute.Key("aztoken.tenant")   // where a credential was asked for another tenant, "" for its own
	CAEKey      = attribute.Key("aztoken.cae")      // whether the token is subject to continuous access evaluation
	ResultKey   = attribute.Key("aztoken.result")   // "ok" or "error"
	EventKey    = attribute.Key("aztoken.event")    // an aztoken.EventKind
)

// Options are the settings of a [Metrics]. The zero value is right for most programs.
type Options struct {
	// MeterProvider makes the instruments. Nil: the global one.
	MeterProvider metric.MeterProvider
	// MaxResources is how many resources (with their identity and tenant) have attributes of their
	// own, and how many identities. The first ones keep them for good, and all others share
	// "other", which shows the worst of them: a program whose callers name the resources must not
	// make series without end. Those that never had a token are counted apart. Zero: 100.
	MaxResources int
}

// Metrics measures clients and verifiers. It is made by [New], and safe for concurrent use. No
// attribute has a token, a secret or the text of an error.
//
// Clients of one identity share its series: gauges are those of the token that is worst off and of
// the most failures, counters are sums. [Metrics.As] tells them apart.
type Metrics struct {
	watched  *telemetry.Watched
	gauges   gauges
	counters counters
	stop     metric.Registration
}

// New returns a Metrics; nil opts are the defaults. A MeterProvider gets one of them: two would
// write over each other.
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

// Close ends the gauges. It returns what the MeterProvider says.
func (m *Metrics) Close() error { return m.stop.Unregister() }

// OnEvent counts an event of a client: it is for [aztoken.Options].OnEvent, of any number of
// clients. A program with an OnEvent of its own calls it there.
func (m *Metrics) OnEvent(ev aztoken.Event) { m.As("").OnEvent(ev) }

// Watch shows the tokens of c until c is closed. It does not keep c alive.
func (m *Metrics) Watch(c *aztoken.Client) { m.As("").Watch(c) }

// As returns m for a client that has a name: the attribute azure.client.id. It is for clients that
// have the same identity, or none because of Options.Credential. A name must come from the program,
// not from its callers. "" is none.
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

// OnVerifyEvent counts an event of a verifier: it is for [verify.Options].OnEvent.
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

// WatchVerifier shows the keys of v, from its first token until v is closed. Of several verifiers
// the one that is worst off is shown. It does not keep v alive.
func (m *Metrics) WatchVerifier(v *verify.Verifier) { m.watched.Verifier(v) }

// attributes returns those of a client.
func attributes(s telemetry.Source) []attribute.KeyValue {
	all := []attribute.KeyValue{IdentityKey.String(s.Identity)}
	if s.Client != "" {
		all = append(all, semconv.AzureClientID(s.Client))
	}
	return all
}

// with returns the attributes of a client and more.
func with(source []attribute.KeyValue, more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(source[:len(source):len(source)], more...)...))
}
