// Package extauth tells a reverse proxy whether a request may pass. It makes package verify
// available to services in every language.
//
//	proxy ──▶ /check ──▶ original (whose word is the path) ──▶ target (what the path is)
//	      ──▶ ruleset (which rules it must pass) ──▶ verify (whose token it is) ──▶ answer
//
// A request that can be read in more than one way is refused, because the service behind the proxy
// may read it differently.
package extauth
