package wire

// Place is where an endpoint is.
type Place int

// The places of endpoints.
const (
	// Machine is this machine or its host. There is no proxy in between, and no answer for a short
	// time means that there is no endpoint.
	Machine Place = iota
	// Cluster is the network of this machine's Kubernetes cluster. There is no proxy in between.
	Cluster
	// Internet is everything else. The proxy of the environment is used.
	Internet
)

// Reach is how an endpoint is reached.
type Reach struct {
	Place Place
	// Thumbprint, if set, is the SHA-1 of the only certificate that the endpoint may use, with any
	// signer. The platform has only SHA-1; forging a certificate for a given thumbprint would take
	// a second preimage.
	Thumbprint []byte
	// Roots, if set, are the only authorities whose certificates are accepted. Nil means those of
	// the caller's transport, or else the system's.
	Roots *Roots
	// ServerName, if set, replaces the host of the URL in the TLS handshake and in the check of the
	// certificate.
	ServerName string
}
