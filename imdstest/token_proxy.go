package imdstest

import "github.com/seed-ac726066/aztoken/internal/fakeazure/tokenproxy"

// TokenProxy is what a pod trusts to reach the token proxy of [Server.IdentityBinding]: a
// certificate authority, which is in a file. The kubelet replaces the file by swapping a symbolic
// link, so that a reader sees either the old content or the new.
type TokenProxy struct{ proxy *tokenproxy.Proxy }

// TokenProxy returns the trust in the token proxy.
func (s *Server) TokenProxy() *TokenProxy { return &TokenProxy{s.engine.TokenProxy} }

// RotateCA makes a new authority and a new certificate of the proxy, and writes the authority to the
// file. The proxy stops using its previous certificate, and keeps open connections.
func (p *TokenProxy) RotateCA() { mustWrite(p.proxy.RotateCA()) }

// WriteCA puts something else into the file, until the next WriteCA or RotateCA; the proxy's
// certificate stays. An empty slice makes an empty file, and nil a missing one. This is what a
// program may see while the kubelet mounts the volume:
//
//	proxy.WriteCA(nil)
//	// …
//	proxy.WriteCA(proxy.CA())
func (p *TokenProxy) WriteCA(content []byte) { mustWrite(p.proxy.WriteCA(content)) }

// CA returns the certificate of the authority that signs now, as PEM.
func (p *TokenProxy) CA() []byte { return p.proxy.CA() }
