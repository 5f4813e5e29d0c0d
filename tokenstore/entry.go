package tokenstore

import (
	"encoding/binary"
	"strconv"
)

// An Entry identifies a token. Two entries that differ in any field have different names.
type Entry struct {
	Host      string // the kind of host, with its address only where the user set that
	Authority string // the cloud's authority, "" where the host alone knows
	// Identity is the identity or app that the token is for, with the kind of its id; "" for the
	// host's default.
	Identity string
	Tenant   string // "" for the identity's own
	Resource string
	CAE      bool // the token is for a client that answers claims challenges
}

// encode returns the entry for the HMAC of its name: every part is preceded by its length, so that
// different entries have different bytes.
func (e Entry) encode() []byte {
	return parts(e.Host, e.Authority, e.Identity, e.Tenant, e.Resource, strconv.FormatBool(e.CAE))
}

// parts joins strings so that they can be told apart again.
func parts(list ...string) []byte {
	var b []byte
	for _, part := range list {
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}
