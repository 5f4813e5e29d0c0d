// Package agent serves tokens over the protocols of identity endpoints, to the SDKs of every kind.
//
//	program ──▶ gate (Host, Origin) ──▶ internal/identityapi (App Service, IMDS)
//	        ──▶ identity (rate, allow list) ──▶ client (cache, refresh, store) ──▶ upstream
package agent
