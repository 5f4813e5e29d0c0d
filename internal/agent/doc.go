// Package agent serves the tokens of clients over the protocols of identity endpoints, to the SDKs of every language.
//
//	program ──▶ gate (Host, Origin) ──▶ internal/identityapi (App Service, IMDS)
//	        ──▶ identity (rate, allow list) ──▶ client (cache, refresh, store) ──▶ the host's endpoint
//
// [Agent.Reload] swaps another configuration in as a whole, and keeps the tokens of identities that stay.
package agent
