package fault_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
)

func TestScript(t *testing.T) {
	t.Parallel()
	t.Run("tells the fault that lasts, not those to come", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var s fault.Script
			require.Equal(t, fault.OK(), s.CurrentFault())
			s.BreakFor(time.Hour, fault.Hang())
			s.Next(fault.Status(503))
			require.Equal(t, fault.Hang(), s.CurrentFault())
			time.Sleep(time.Hour)
			require.Equal(t, fault.OK(), s.CurrentFault())
			s.Break(fault.Closed())
			require.Equal(t, fault.Closed(), s.CurrentFault())
			s.Recover()
			require.Equal(t, fault.OK(), s.CurrentFault())
			require.Equal(t, fault.OK(), s.TakeFor(fault.Endpoint))
		})
	})
	t.Run("keeps a fault for the kind of token request that it is for", func(t *testing.T) {
		t.Parallel()
		var s fault.Script
		s.Next(fault.Status(500).ExchangeOnly(), fault.Status(503).KeysOnly(), fault.Status(429).EndpointOnly())
		require.Equal(t, fault.OK(), s.TakeFor(fault.Endpoint))
		require.Equal(t, fault.Status(500).ExchangeOnly(), s.TakeFor(fault.Exchange))
		require.Equal(t, fault.Status(503).KeysOnly(), s.TakeFor(fault.Exchange), "documents are no matter of tokens")
		require.Equal(t, fault.OK(), s.TakeFor(fault.Exchange))
		require.Equal(t, fault.Status(429).EndpointOnly(), s.TakeFor(fault.Endpoint))
		s.Break(fault.Hang().ExchangeOnly())
		require.Equal(t, fault.OK(), s.TakeFor(fault.Endpoint))
		require.Equal(t, fault.Hang().ExchangeOnly(), s.TakeFor(fault.Exchange))
	})
	t.Run("keeps a fault for the kind of document that it is for", func(t *testing.T) {
		t.Parallel()
		var s fault.Script
		s.Next(fault.Status(500).DiscoveryOnly(), fault.Status(503))
		require.Equal(t, fault.OK(), s.TakeFor(fault.Keys))
		require.Equal(t, fault.Status(500).DiscoveryOnly(), s.TakeFor(fault.Discovery))
		require.Equal(t, fault.Status(503), s.TakeFor(fault.Keys))
	})
}
