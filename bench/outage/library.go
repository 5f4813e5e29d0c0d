package main

import (
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
)

// libraries are aztoken, with two policies, and the others.
func libraries() []peers.Library {
	halfLife := peers.Aztoken()
	halfLife.Name += ", HalfLife()"
	return []peers.Library{
		halfLife, peers.AztokenMaxAge(time.Hour),
		peers.Azidentity(), peers.Azcore(), peers.MSAL(), peers.OAuth2(), peers.Google(), peers.AWS(), peers.AWSRole(),
	}
}
