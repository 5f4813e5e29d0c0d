package aztoken_test

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestReadAllocations(t *testing.T) {
	c := warmClient(t, resource)
	ctx, opts := t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, EnableCAE: true, TenantID: "tenant"}
	_, err := c.GetToken(ctx, opts)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = c.Token(ctx, resource) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = c.GetToken(ctx, opts) }))
	rt := &aztoken.Transport{Client: c, Resource: resource, Base: &answer{}}
	req := benchRequest(t)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = rt.RoundTrip(req) }), 3.0)
}

// This test looks at the goroutines of the process and so runs alone.
func TestIdleGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := over(t, imdstest.New(nil), aztoken.Options{})
		for i := range 50 {
			_, err := c.Token(t.Context(), fmt.Sprintf("https://service-%d.example.com", i))
			require.NoError(t, err)
		}
		synctest.Wait()
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		require.NotContains(t, string(stacks), "created by github.com/seed-ac726066/aztoken.")
	})
}

// This test weighs the heap of the process and so runs alone.
func TestFailingResources(t *testing.T) {
	before := heapInUse()
	var c *aztoken.Client // not closed: it must be free of them while it lives
	synctest.Test(t, func(t *testing.T) {
		opts := aztoken.Options{Getenv: noHost}
		opts.Transport = handlerTransport(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
		var err error
		c, err = aztoken.NewClient(&opts)
		require.NoError(t, err)
		for i := range 20_000 {
			_, err := c.Token(t.Context(), fmt.Sprintf("https://service-%d.example.com", i))
			require.Error(t, err)
			// Timers that fire at the same time would each keep a goroutine's frame.
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute)
		require.Empty(t, c.Status().Resources)
	})
	require.Less(t, heapInUse()-before, int64(1<<20))
	runtime.KeepAlive(c)
}
