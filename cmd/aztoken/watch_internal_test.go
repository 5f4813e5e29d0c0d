package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestWatchTellsOfEachRotationAndOfAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := imdstest.New(nil)
		opts := &aztoken.Options{Endpoint: srv.URL}
		opts.Transport = srv
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Hour)
		defer cancel()
		var out, progress bytes.Buffer
		w := watcher{printer: &printer{format: jsonFormat}, out: &out, err: &progress}
		done := make(chan error)
		go func() { done <- w.watch(ctx, opts, "https://orders.example.com", time.Minute) }()
		time.Sleep(13 * time.Hour)
		srv.BreakFor(8*time.Hour, imdstest.EntraDown())
		require.NoError(t, <-done)
		require.GreaterOrEqual(t, strings.Count(out.String(), `"event":"acquired"`), 3)
		require.Contains(t, out.String(), `"expires_in":86400`)
		require.NotContains(t, out.String()+progress.String(), "eyJ")
		require.Contains(t, progress.String(), "a new token for https://orders.example.com, 24h left; the endpoint is asked again in ")
	})
}

func TestDurationsAreShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 45*time.Second + 300*time.Millisecond: "45s", time.Minute: "1m", 3*time.Minute + 20*time.Second: "3m20s",
		time.Hour: "1h", 11*time.Hour + 40*time.Minute + 9*time.Second: "11h40m", 24*time.Hour - time.Second: "24h",
		10 * time.Hour: "10h", 10 * time.Minute: "10m", -5 * time.Minute: "-5m", 20*time.Hour + time.Minute: "20h1m",
	} {
		require.Equal(t, want, short(d))
	}
}

func TestTheAdviceOfTheLibraryIsInFlags(t *testing.T) {
	t.Parallel()
	require.Equal(t, "assign the identity to this host, or correct the id; a new assignment takes some minutes",
		inFlags("assign the identity to this host, or correct Options.ID; a new assignment takes some minutes"))
	require.Equal(t, "name the one to use by --client-id, --object-id or --resource-id",
		inFlags("set Options.ID to the ClientID, ObjectID or ResourceID of the one to use"))
}
