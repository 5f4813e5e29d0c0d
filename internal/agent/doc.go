// Package agent serves the tokens of [aztoken.Client]s over the protocols of an identity endpoint, so that a program in
// any language gets the refresh, the outage cover and the token store of this library through the SDK that it has.
//
//	program ──▶ gate (Host, Origin) ──▶ internal/identityapi (App Service, IMDS)
//	        ──▶ identity (rate, allow list) ──▶ client (cache, refresh, store) ──▶ the host's endpoint
//
// [Agent.Reload] swaps another configuration in as a whole, and keeps the tokens of identities that stay.
package agent
