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

func TestWatcher(t *testing.T) {
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
		require.Contains(t, progress.String(), "new token for https://orders.example.com, 24h left; next refresh in ")
	})
}
