package main

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/bench/internal/peers"
)

// A library is one that is compared. The seed is for those that draw random numbers and let others give them.
type library struct {
	name string
	new  func(e peers.Endpoint, seed uint64) (peers.Client, error)
}

// libraries are ours, with two policies, and the others.
func libraries() []library {
	all := []library{
		ours("aztoken, HalfLife()", aztoken.HalfLife()),
		ours("aztoken, MaxAge(1h)", aztoken.MaxAge(time.Hour)),
	}
	for _, peer := range []peers.Library{
		peers.Azidentity(), peers.Azcore(), peers.MSAL(), peers.OAuth2(), peers.Google(), peers.AWS(), peers.AWSRole(),
	} {
		all = append(all, other(peer))
	}
	return all
}

func other(l peers.Library) library {
	return library{l.Name, func(e peers.Endpoint, _ uint64) (peers.Client, error) { return l.New(e) }}
}

func ours(name string, policy aztoken.RefreshPolicy) library {
	return library{name, func(e peers.Endpoint, seed uint64) (peers.Client, error) {
		return peers.AztokenRefresh(name, seeded(policy, seed)).New(e)
	}}
}

// seeded is policy with random numbers from a seed in place of the client's own. The waits after a failed refresh are drawn by the
// client and cannot be had from a seed.
func seeded(policy aztoken.RefreshPolicy, seed uint64) aztoken.RefreshPolicy {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 0))
	return func(now, acquired, expires time.Time, _ float64) time.Time {
		mu.Lock()
		defer mu.Unlock()
		return policy(now, acquired, expires, random.Float64())
	}
}
