package guard_test

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// Without a guard nobody passes. A guard that was killed serves again after a restart, even during
// an outage.
func TestOutage(t *testing.T) {
	t.Parallel()
	behindEach(t, proxies, func(t *testing.T, p proxy) {
		s := behind(t, p)
		good, bad := s.mint("reader"), s.mint("reader", expired)
		s.requirePassed(t, call{token: good}, with("reader"))
		s.waitForKeys(t)
		s.imds.Issuer().Break(imdstest.Refused())

		s.guard.kill()
		for _, c := range []call{{token: good}, {token: bad}, {}, {target: "/public/"}} {
			s.requireRefused(t, c, p.guardIsDown)
		}
		s.startGuard(t)
		s.requirePassed(t, call{token: good}, with("reader"))
		s.requirePassed(t, call{target: "/public/"}, nobody)
		s.requireRefused(t, call{token: bad}, http.StatusUnauthorized)

		s.guard.kill()
		s.keyFile += ".of.a.new.machine"
		s.startGuard(t)
		got := s.requireRefused(t, call{token: good}, http.StatusServiceUnavailable)
		seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
		require.NoError(t, err, "%+v", got)
		require.Positive(t, seconds)
		s.requireRefused(t, call{}, http.StatusUnauthorized)
		s.requirePassed(t, call{target: "/public/"}, nobody)
	})
}

// A call is eventually refused if the guard accepts connections but does not answer. The timeouts
// here are shorter than the recipe's.
func TestGuardThatHangs(t *testing.T) {
	t.Parallel()
	behindEach(t, proxies, func(t *testing.T, p proxy) {
		silent, err := net.Listen("tcp", "127.0.0.1:0") // never accepts; the kernel does that
		require.NoError(t, err)
		defer silent.Close()
		s := &stand{service: startService(t)}
		s.at = addresses{proxy: testservice.FreeAddress(t), guard: silent.Addr().String(), service: s.service.address}
		p.changed("timeout 15s", "timeout 1s", "timeout = 11000", "timeout = 1000", "TIMEOUT = 15", "TIMEOUT = 1").start(t, s.at)
		s.requireRefused(t, call{}, p.guardHangs)
	})
}

// A script that fails lets nobody pass.
func TestScriptThatFails(t *testing.T) {
	t.Parallel()
	scripted := slices.DeleteFunc(slices.Clone(proxies), func(p proxy) bool { return !p.scripted })
	behindEach(t, scripted, func(t *testing.T, p proxy) {
		s := newStand(t, p.speaks)
		p.changed("if status == 200", "error('broken')\n    if status == 200").start(t, s.at)
		for _, c := range []call{{token: s.mint("reader")}, {target: "/public/"}} {
			s.requireRefused(t, c, http.StatusInternalServerError, http.StatusServiceUnavailable)
		}
	})
}
