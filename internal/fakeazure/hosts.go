package fakeazure

import (
	"context"
	"net/http"
	"slices"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/platform"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

// A host is an endpoint, and how its platform chooses the identity of a request that names none. It
// implements [fault.Host].
type host struct {
	endpoint identityapi.Endpoint
	unnamed  platform.Choice
}

// Host returns what does not change about the endpoint.
func (h host) Host() identityapi.Host { return h.endpoint.Host() }

// Status returns what the host sends with a status. At IMDS's address a 403 is not IMDS's but
// Docker Desktop's, as on a developer's laptop.
func (h host) Status(code int) (r identityapi.Reply, foreign bool) {
	switch h.endpoint.(type) {
	case identityapi.IMDS, nowhere:
		if code == http.StatusForbidden {
			return identityapi.Text(code, "text/plain; charset=utf-8",
				"connecting to 169.254.169.254:80: A socket operation was attempted to an unreachable network."), true
		}
	}
	return h.endpoint.Status(code), false
}

// target returns the kind of request that the host gets.
func (h host) target() fault.Target {
	switch h.endpoint.(type) {
	case identityapi.WorkloadIdentity, identityapi.IdentityBinding:
		return fault.Exchange
	default:
		return fault.Endpoint
	}
}

// allHosts are those that a server plays at once.
func (s *Server) allHosts() []host {
	return []host{
		{identityapi.IMDS{}, platform.OwnOrOnly},
		{identityapi.AppService{Secret: secret.New(s.secrets.appService)}, platform.OwnAlone},
		{identityapi.ContainerInstances{Secret: secret.New(s.secrets.containerInstances)}, platform.OwnAlone},
		{identityapi.Arc{Keys: s.arcKeys}, platform.OwnOrOnly},
		{identityapi.ServiceFabric{Secret: secret.New(s.secrets.serviceFabric)}, platform.OwnOrFirst},
		{identityapi.CloudShell{}, platform.OwnOrFirst},
		{identityapi.AzureML{Secret: secret.New(s.secrets.azureML)}, platform.OwnOrFirst},
		{identityapi.WorkloadIdentity{}, platform.OwnAlone},
		{s.binding, platform.OwnAlone},
	}
}

// hostOf returns the host that a token request is for.
func (s *Server) hostOf(c identityapi.Call) host {
	at := slices.IndexFunc(s.hosts, func(h host) bool { return h.Host().Serves(c) })
	if at < 0 || s.binding.Astray(c) {
		return host{endpoint: nowhere{}}
	}
	return s.hosts[at]
}

// answer returns what a token request deserves, and whether a token was minted for it. The fault
// decides whether Entra ID works.
func (s *Server) answer(ctx context.Context, h host, c identityapi.Call, f fault.Fault) (identityapi.Reply, bool) {
	entra := platform.Entra{Platform: s.platform, Refusal: f.Refusal()}
	switch h.endpoint.(type) {
	case identityapi.WorkloadIdentity:
		return h.endpoint.Answer(ctx, c, &entra), entra.Minted
	case identityapi.IdentityBinding:
		source := platform.Binding{Entra: entra, NotBound: f.NotBound()}
		return h.endpoint.Answer(ctx, c, &source), source.Minted
	}
	source := platform.Source{Platform: s.platform, Unnamed: h.unnamed, Refusal: f.Refusal()}
	return h.endpoint.Answer(ctx, c, &source), source.Minted
}

// nowhere answers the paths that no host has, with IMDS's 404 and without a name.
type nowhere struct{ identityapi.IMDS }

// Host returns no name.
func (n nowhere) Host() identityapi.Host {
	return identityapi.Host{Server: n.IMDS.Host().Server}
}

// Answer returns 404 without a body.
func (nowhere) Answer(context.Context, identityapi.Call, identityapi.Source) identityapi.Reply {
	return identityapi.Text(http.StatusNotFound, "", "")
}

// documents is Entra ID as seen by services that verify tokens. It implements [fault.Host].
type documents struct{ *issuer.Issuer }

// Status returns what is sent in place of a document.
func (d documents) Status(code int) (r identityapi.Reply, foreign bool) {
	return d.Issuer.Status(code), false
}
