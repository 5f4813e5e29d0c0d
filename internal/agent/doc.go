// Package agent serves the tokens of [aztoken.Client]s over the protocols of an identity endpoint, so that a program in
// any language gets the refresh, the outage cover and the token store of this library through the SDK that it has.
//
//	program ──▶ gate ──▶ internal/identityapi ──▶ identity ──▶ client ──▶ the host's endpoint
//	            Host,    App Service or IMDS      rate,        cache, refresh,
//	            Origin                            allow list   store
//
// [Agent.Reload] swaps another configuration in as a whole, and keeps the tokens of identities that stay.
package agent
