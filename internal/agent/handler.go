package agent

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// protocol is a protocol of callers, by its name in metrics and logs.
type protocol string

const (
	appService protocol = "app_service"
	imds       protocol = "imds"
)

var (
	anyAppService = identityapi.AppService{Tolerance: identityapi.Tolerant}
	anyIMDS       = identityapi.IMDS{Tolerance: identityapi.Tolerant}
)

// ServeHTTP answers token requests, and others with 404. It must be behind an [operation.Gate].
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	c, err := identityapi.ReadCall(r, "http://"+r.Host)
	if err != nil {
		identityapi.OAuthError(http.StatusBadRequest, "invalid_request", "The body cannot be read.").Write(w)
		return
	}
	g := a.current.Load()
	var (
		endpoint identityapi.Endpoint
		asked    = request{now: start}
		spoken   protocol
	)
	switch {
	case anyAppService.Host().Serves(c):
		spoken, asked.identity = appService, g.holder(c)
		e := anyAppService // without a secret it refuses every call
		if asked.identity != nil {
			e.Secret, asked.limit = asked.identity.secret, &asked.identity.callers
		}
		endpoint = e
	case g.imds != nil && anyIMDS.Host().Serves(c):
		spoken, asked.identity, endpoint = imds, g.imds, anyIMDS
		asked.limit = g.imds.peers.Of(r.RemoteAddr, start)
	default:
		write(w, identityapi.OAuthError(http.StatusNotFound, "not_found", "Nothing is served at this path."), "")
		return
	}
	reply := endpoint.Answer(r.Context(), c, &asked)
	if reply.Status == http.StatusMethodNotAllowed {
		allow := reply.Header.Get("Allow")
		// SDKs read JSON.
		reply = identityapi.OAuthError(reply.Status, "method_not_allowed", "Only "+allow+" is allowed.")
		reply.Header.Set("Allow", allow)
	}
	write(w, reply, endpoint.Host().Server)
	a.record(r, c, spoken, &asked, reply, time.Since(start))
}

// holder returns the identity whose secret the call has, nil for none. It compares with all.
func (g *generation) holder(c identityapi.Call) (found *identity) {
	for _, id := range g.identities {
		e := anyAppService
		e.Secret = id.secret
		if e.Authorized(c) {
			found = id
		}
	}
	return found
}

func write(w http.ResponseWriter, reply identityapi.Reply, server string) {
	if server != "" {
		reply.Header.Set("Server", server)
	}
	reply.Header.Set("Cache-Control", "no-store") // tokens must not be cached
	reply.Header.Set("X-Content-Type-Options", "nosniff")
	reply.Write(w)
}

// record counts a request, and logs it if it was refused.
func (a *Agent) record(r *http.Request, c identityapi.Call, spoken protocol, asked *request, reply identityapi.Reply, took time.Duration) {
	name := ""
	if asked.identity != nil {
		name = asked.identity.Name
	}
	if asked.result == "" { // the endpoint refused it by itself
		asked.result = badRequest
		if reply.Status == http.StatusUnauthorized {
			asked.result = unauthorized
		}
	}
	resource := cmp.Or(asked.resource, otherResource)
	a.metrics.served(name, resource, spoken, asked.result, took)
	level := slog.LevelDebug
	if asked.result != ok {
		level = slog.LevelWarn
		if !a.refusals.Take(string(spoken)+string(asked.result), time.Now()) {
			return
		}
	}
	if !a.options.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("identity", name),
		slog.String("resource", wire.Plain(c.Resource())),
		slog.String("protocol", string(spoken)),
		slog.String("caller", cmp.Or(r.RemoteAddr, "unix")),
		slog.Int("status", reply.Status),
		slog.String("reason", string(asked.result)),
		slog.String("request_id", cmp.Or(reply.Header.Get("X-Correlation-Id"), wire.Plain(r.Header.Get("X-Ms-Client-Request-Id")))),
		slog.Int64("duration_ms", took.Milliseconds()),
	}
	if asked.err != nil {
		attrs = append(attrs, slog.String("error", asked.err.Error()))
	}
	a.options.Logger.LogAttrs(r.Context(), level, "aztoken agent: token request", attrs...)
}
