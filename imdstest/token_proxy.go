package imdstest

import "github.com/seed-ac726066/aztoken/internal/fakeazure/tokenproxy"

// TokenProxy is what a pod trusts to reach the token proxy of [Server.IdentityBinding]: a
// certificate authority, which is in a file. The kubelet fills the file by a link that it swaps, so
// that whoever opens the file sees the old content or the new.
type TokenProxy struct{ proxy *tokenproxy.Proxy }

// TokenProxy returns the trust in the token proxy.
func (s *Server) TokenProxy() *TokenProxy { return &TokenProxy{s.engine.TokenProxy} }

// RotateCA makes a new authority and a new certificate of the proxy, and puts the authority into
// the file. The certificate before is no longer shown. Connections that are open stay so.
func (p *TokenProxy) RotateCA() { mustWrite(p.proxy.RotateCA()) }

// WriteCA puts something else into the file, until the next WriteCA or RotateCA; the proxy's
// certificate stays. A slice without bytes is an empty file, and nil a missing one. This is a
// moment of the kubelet's:
//
//	proxy.WriteCA(nil)
//	// …
//	proxy.WriteCA(proxy.CA())
func (p *TokenProxy) WriteCA(content []byte) { mustWrite(p.proxy.WriteCA(content)) }

// CA returns the certificate of the authority that signs now, as PEM.
func (p *TokenProxy) CA() []byte { return p.proxy.CA() }
