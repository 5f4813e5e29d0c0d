package guard_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// Without a guard nobody passes; and a guard that was killed serves again, also in an outage.
func TestOutage(t *testing.T) {
	t.Parallel()
	everyProxy(t, func(t *testing.T, p proxy) {
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
