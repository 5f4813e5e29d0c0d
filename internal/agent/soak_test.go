package agent_test

import (
	"math/rand/v2"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
)

// A day of callers of both protocols and of strangers, while upstream fails in every way for up to
// hours: after the first tokens no caller meets any of it, and the agent grows by nothing.
func TestSoak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // not parallel: the heap is the process's
		seed := uint64(time.Now().UnixNano()) // of the virtual clock: the same each time
		random := rand.New(rand.NewPCG(seed, 17))
		f := start(t, imdstest.New(host()), agentfile.Config{IMDS: true, Identities: []agentfile.Identity{
			{Name: "a", ClientID: clientA, Warm: []string{vault}, Allow: []string{vault, storage}},
		}})
		faults := []imdstest.Fault{
			imdstest.Dropped(), imdstest.Closed(), imdstest.EntraDown(), imdstest.Status(429), imdstest.Status(503), imdstest.NotJSON(),
			imdstest.Slow(20 * time.Second), imdstest.Truncated(), imdstest.NoDefaultIdentity(), imdstest.Status(410), imdstest.Hang(),
		}
		f.ask(t, f.appService("a", vault)).token(t)
		f.ask(t, f.appService("a", storage)).token(t)
		var middle uint64
		served := 0
		for minute := range 24 * 60 {
			if minute%45 == 0 {
				f.upstream.BreakFor(time.Duration(random.IntN(40))*time.Minute, faults[random.IntN(len(faults))])
			}
			started := time.Now()
			for _, r := range []*http.Request{f.appService("a", vault), imdsRequest(vault + "/.default"), f.appService("a", storage, "client_id", clientA)} {
				f.ask(t, r).token(t)
				served++
			}
			require.Equal(t, http.StatusBadRequest, f.ask(t, imdsRequest("https://graph.microsoft.com")).status)
			require.Zero(t, time.Since(started), "a caller waited in minute %d", minute)
			f.forgetLog(t)
			if minute == 12*60 {
				middle = heap()
			}
			time.Sleep(time.Minute)
		}
		require.Equal(t, 3*24*60, served)
		require.Less(t, heap(), middle+1<<20)
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
