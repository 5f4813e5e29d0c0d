package wire

// Place is where an endpoint is.
type Place int

// The places of endpoints.
const (
	// Machine is this machine or what runs it. No proxy is on the way, and silence soon means that
	// there is no endpoint.
	Machine Place = iota
	// Cluster is the network of this machine's Kubernetes cluster. No proxy is on the way.
	Cluster
	// Internet is outside. A proxy of the environment is used.
	Internet
)

// Reach is how an endpoint is reached.
type Reach struct {
	Place Place
	// Thumbprint, if set, is the SHA-1 of the only certificate that the endpoint may show, whoever
	// signed it. SHA-1 is what the platform has; to forge a certificate for a given thumbprint
	// would take a second preimage.
	Thumbprint []byte
	// Roots, if set, are the only authorities whose certificates are accepted. Nil are those of the
	// caller's transport, and else the system's.
	Roots *Roots
	// ServerName, if set, is the name that is asked for in the TLS handshake, and that the
	// certificate must be for, in place of the host in the URL.
	ServerName string
}
