// Package extauth answers the question of a reverse proxy whether a request may pass: package verify
// for services in every language.
//
//	proxy ──▶ /check ──▶ original (whose word is the path) ──▶ target (what the path is)
//	      ──▶ ruleset (which rules it must pass) ──▶ verify (whose token it is) ──▶ answer
//
// What cannot be read in one way is refused: the service behind the proxy may read it in another.
package extauth
