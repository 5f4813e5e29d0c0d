package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
)

func rush(t *testing.T, s scenario, library peers.Library) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		o, err = stampede(s, library, "https://orders.example.com", 1000, watch, 0)
		require.NoError(t, err)
	})
	return o
}

func TestAStampedeIsOneRequestAndKeepsEveryDeadline(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			o := rush(t, s, peers.Aztoken())
			require.Zero(t, o.waiting)
			require.Equal(t, 1000, o.inTime)
			require.Zero(t, o.hidden)
			require.Equal(t, s.serves(), o.later)
			require.Equal(t, 1, o.requests)
			if s.hurry {
				require.Zero(t, o.tokens)
			} else {
				require.Equal(t, 1000, o.tokens)
				require.Equal(t, s.delay, o.wall)
			}
		})
	}
}

// careless is a client that makes a request for every caller, and ignores deadlines.
type careless struct {
	peers.Endpoint
	ignores bool
}

func (c careless) Token(ctx context.Context) (string, time.Time, error) {
	if c.ignores {
		ctx = context.WithoutCancel(ctx)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource="+c.Resource, nil)
	if err != nil {
		return "", time.Time{}, err
	}
	req.Header.Set("Metadata", "true")
	resp, err := c.Transport.RoundTrip(req)
	if err != nil {
		return "", time.Time{}, errors.New("careless: no token")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", time.Time{}, errors.New("careless: " + resp.Status)
	}
	return "a token", time.Now().Add(time.Hour), nil
}

func (careless) Close() error { return nil }

func TestTheMeasurementSeesWhatALibraryDoesWrong(t *testing.T) {
	t.Parallel()
	library := func(ignores bool) peers.Library {
		return peers.Library{Name: "careless", New: func(e peers.Endpoint) (peers.Client, error) { return careless{e, ignores}, nil }}
	}
	good, slow, failing, hanging := scenarios[0], scenarios[1], scenarios[3], scenarios[4]
	t.Run("a request for each caller", func(t *testing.T) {
		t.Parallel()
		o := rush(t, good, library(false))
		require.Equal(t, outcome{requests: 1000, tokens: 1000, inTime: 1000, wall: good.delay, later: true}, o)
	})
	t.Run("an error that does not tell of the deadline", func(t *testing.T) {
		t.Parallel()
		o := rush(t, slow, library(false))
		require.Equal(t, outcome{requests: 1000, inTime: 1000, hidden: 1000, wall: latest}, o)
	})
	t.Run("a deadline that is ignored", func(t *testing.T) {
		t.Parallel()
		o := rush(t, slow, library(true))
		require.Equal(t, outcome{requests: 1000, tokens: 1000, wall: slow.delay, later: true}, o)
	})
	t.Run("an error before the deadline hides nothing", func(t *testing.T) {
		t.Parallel()
		o := rush(t, failing, library(true))
		require.Equal(t, outcome{requests: 1000, inTime: 1000, wall: failing.delay}, o)
	})
	t.Run("callers that never return", func(t *testing.T) {
		t.Parallel()
		o := rush(t, hanging, library(true))
		require.Equal(t, outcome{requests: 1000, waiting: 1000, wall: watch}, o)
	})
}
