package main

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/rollout"
)

func TestStepWriter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := newStepWriter(&out)
	const step = "assign consumer to worker"
	for waited := time.Duration(0); waited <= 65*time.Second; waited += time.Second {
		w.tell(rollout.Progress{Step: step, Waited: waited, Why: errors.New("x")})
	}
	w.tell(rollout.Progress{Step: step, Done: true})
	w.tell(rollout.Progress{Step: "see it", Waited: time.Second, Why: &graph.Error{Kind: graph.Throttled}})
	require.Equal(t, "… assign consumer to worker: waiting for replication, 0s\n"+
		"… assign consumer to worker: waiting for replication, 30s\n"+
		"… assign consumer to worker: waiting for replication, 1m\n"+
		"✓ assign consumer to worker\n"+
		"… see it: waiting for Microsoft Graph, which is throttling, 1s\n", out.String())
}
