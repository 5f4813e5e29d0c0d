package otelaztoken_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/tracing/azotel"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/clienttest"
)

// traced returns a client of imds whose requests are traced as the package's documentation shows,
// and the recorded spans. tracer makes spans for a caller.
func traced(t *testing.T, imds *imdstest.Server, opts aztoken.Options) (c *aztoken.Client, tracer trace.Tracer, spans func() map[string][]sdktrace.ReadOnlySpan) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	opts.Transport, opts.TracingProvider = imds, azotel.NewTracingProvider(provider, nil)
	return clienttest.New(t, opts), provider.Tracer("caller"), func() map[string][]sdktrace.ReadOnlySpan {
		all := map[string][]sdktrace.ReadOnlySpan{}
		for _, s := range recorder.Ended() {
			all[s.Name()] = append(all[s.Name()], s)
		}
		return all
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	virtually(t, "of the request that callers wait for are a trace of its own", func(t *testing.T) {
		c, tracer, spans := traced(t, imdstest.New(nil), aztoken.Options{})
		ctx, caller := tracer.Start(t.Context(), "caller")
		_, err := c.Token(ctx, resource)
		require.NoError(t, err)
		caller.End()

		require.Len(t, spans()["aztoken.IMDS"], 1)
		require.Len(t, spans()["HTTP GET"], 1)
		request, call := spans()["aztoken.IMDS"][0], spans()["HTTP GET"][0]
		require.False(t, request.Parent().IsValid(), "the request serves every caller, and outlives those who give up")
		require.NotEqual(t, caller.SpanContext().TraceID(), request.SpanContext().TraceID())
		require.Empty(t, request.Links())
		require.Equal(t, "Microsoft.ManagedIdentity", attributesOf(request)["az.namespace"])
		require.Equal(t, request.SpanContext().SpanID(), call.Parent().SpanID())
		require.Equal(t, trace.SpanKindClient, call.SpanKind())
		require.Equal(t, int64(200), attributesOf(call)["http.status_code"])
		require.Equal(t, "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Forders.example.com", attributesOf(call)["http.url"])

		for range 10 {
			_, err = c.Token(ctx, resource)
			require.NoError(t, err)
		}
		require.Len(t, spans()["HTTP GET"], 1, "what is in the cache makes no span")
	})
	virtually(t, "of refreshes nobody waits for, and of their failures", func(t *testing.T) {
		imds := imdstest.New(nil)
		c, _, spans := traced(t, imds, aztoken.Options{})
		require.NoError(t, c.Warm(t.Context(), resource))
		imds.Break(imdstest.Status(503))
		time.Sleep(13 * time.Hour)
		synctest.Wait()
		all := spans()["aztoken.IMDS"]
		require.Len(t, all, 1+c.Status().Resources[0].Failures)
		require.Equal(t, codes.Unset, all[0].Status().Code)
		require.Equal(t, codes.Error, all[1].Status().Code)
		require.Equal(t, codes.Error, spans()["HTTP GET"][1].Status().Code)
		require.Equal(t, int64(503), attributesOf(spans()["HTTP GET"][1])["http.status_code"])
	})
	for name, host := range map[string]func(*imdstest.Server) imdstest.Environment{
		"aztoken.IMDS":             (*imdstest.Server).IMDS,
		"aztoken.AppService":       (*imdstest.Server).AppService,
		"aztoken.ServiceFabric":    (*imdstest.Server).ServiceFabric,
		"aztoken.CloudShell":       (*imdstest.Server).CloudShell,
		"aztoken.AzureML":          (*imdstest.Server).AzureML,
		"aztoken.WorkloadIdentity": (*imdstest.Server).WorkloadIdentity,
	} {
		t.Run("are named for the host: "+name, func(t *testing.T) {
			t.Parallel()
			imds := imdstest.NewServer(t, nil)
			recorder := tracetest.NewSpanRecorder()
			opts := aztoken.Options{Getenv: host(imds).Get}
			opts.TracingProvider = azotel.NewTracingProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)), nil)
			if name == "aztoken.WorkloadIdentity" || name == "aztoken.ServiceFabric" {
				opts.Transport = imds.Client()
			}
			c := clienttest.New(t, opts)
			require.NoError(t, c.Warm(t.Context(), resource))
			require.NoError(t, c.Close())
			var names []string
			for _, s := range recorder.Ended() {
				names = append(names, s.Name())
			}
			require.Contains(t, names, name)
			for _, secret := range []string{host(imds).Get("IDENTITY_HEADER"), host(imds).Get("MSI_SECRET"), "eyJ"} {
				if secret != "" {
					require.NotContains(t, everythingIn(recorder), secret)
				}
			}
		})
	}
}

// No span contains a token or the secret of a host, whatever an endpoint answers.
func TestSpansHaveNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "header-secret-0123456789"
	token := imdstest.New(nil).Mint(resource)
	for name, answer := range map[string]http.Response{
		"a token in a refusal":    {StatusCode: 400, Body: body(`{"error":"` + token + `","error_description":"it said ` + token + `"}`)},
		"a token on a page":       {StatusCode: 502, Body: body("<h1>" + token + "</h1>")},
		"the secret in a refusal": {StatusCode: 401, Body: body(`{"statusCode":401,"message":"bad secret ` + secret + `"}`)},
		"a token in a redirect":   {StatusCode: 302, Body: body(""), Header: http.Header{"Location": {"https://elsewhere.example.com/?t=" + token}}},
		"a token":                 {StatusCode: 200, Body: body(`{"access_token":"` + token + `","expires_in":"3600"}`)},
		"half a token":            {StatusCode: 200, Body: body(`{"access_token":"` + token)},
	} {
		virtually(t, name, func(t *testing.T) {
			recorder := tracetest.NewSpanRecorder()
			opts := aztoken.Options{Getenv: imdstest.Environment{"IDENTITY_ENDPOINT": "http://app.test/msi/token", "IDENTITY_HEADER": secret}.Get}
			opts.Transport = answers(answer)
			opts.TracingProvider = azotel.NewTracingProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)), nil)
			c := clienttest.New(t, opts)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, _ = c.Token(ctx, resource)
			all := everythingIn(recorder)
			require.Contains(t, all, "aztoken.AppService")
			require.NotContains(t, all, "eyJ")
			require.NotContains(t, all, secret)
		})
	}
}

// answers is an endpoint that always gives the same answer.
type answers http.Response

func (a answers) Do(r *http.Request) (*http.Response, error) {
	resp := http.Response(a)
	resp.Request = r
	return &resp, nil
}

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

// everythingIn returns all text of the spans that have ended.
func everythingIn(recorder *tracetest.SpanRecorder) string {
	var b strings.Builder
	for _, s := range recorder.Ended() {
		fmt.Fprintln(&b, s.Name(), s.Status(), s.Attributes(), s.Events(), s.Links())
	}
	return b.String()
}

func attributesOf(s sdktrace.ReadOnlySpan) map[attribute.Key]any {
	all := map[attribute.Key]any{}
	for _, a := range s.Attributes() {
		all[a.Key] = a.Value.AsInterface()
	}
	return all
}
