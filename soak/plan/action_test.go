package plan_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/soak/plan"
)

// A step carries what it does: nobody reads the name of its kind.
func TestAction(t *testing.T) {
	t.Parallel()
	want := map[plan.Layer]map[string]func(plan.Step) plan.Action{
		plan.Endpoint: {
			"404": func(plan.Step) plan.Action { return plan.EndpointFault{Fault: imdstest.Status(http.StatusNotFound)} },
			"429 with Retry-After": func(s plan.Step) plan.Action {
				return plan.EndpointFault{Fault: imdstest.Status(http.StatusTooManyRequests).WithRetryAfter(s.Size)}
			},
			"slow": func(s plan.Step) plan.Action { return plan.EndpointFault{Fault: imdstest.Slow(s.Size)} },
		},
		plan.Keys: {
			"503 for keys only": func(plan.Step) plan.Action {
				return plan.KeysFault{Fault: imdstest.Status(http.StatusServiceUnavailable).KeysOnly()}
			},
		},
		plan.Wire: {
			"latency": func(s plan.Step) plan.Action { return plan.WireFault{Connection: plan.Connection{Latency: s.Size}} },
		},
		plan.Clock: {
			"endpoint behind": func(s plan.Step) plan.Action { return plan.ClockSkew{Ahead: -s.Size} },
		},
		plan.Rotation: {
			"rotate and withdraw": func(plan.Step) plan.Action { return plan.KeyRotation{Sign: true, Withdraw: true} },
		},
		plan.Callers: {
			"stampede of cancelled": func(s plan.Step) plan.Action { return plan.Stampede{Count: s.Count, Cancelled: true} },
		},
		plan.Process: {
			"verifier without its key file": func(plan.Step) plan.Action { return plan.Restart{Verifier: true, ForgetKeys: true} },
		},
	}
	seen := 0
	for _, s := range plan.New(1, 10*365*24*time.Hour, 24*time.Hour, plan.Virtual()) {
		if action, ok := want[s.Layer][s.Kind]; ok {
			require.Equal(t, action(s), s.Action, s)
			seen++
		}
	}
	require.Greater(t, seen, 100)
}

func TestConnection(t *testing.T) {
	t.Parallel()
	require.False(t, plan.Connection{}.IsBroken())
	for _, c := range []plan.Connection{{Latency: 1}, {Reset: true}, {HalfOpen: true}} {
		require.True(t, c.IsBroken(), c)
	}
}
