package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// scripted is a library that does what a test specifies, call by call.
type scripted struct {
	calls atomic.Int32
	does  func(ctx context.Context, call int32) (string, error)
}

func (s *scripted) Token(ctx context.Context) (string, time.Time, error) {
	token, err := s.does(ctx, s.calls.Add(1))
	return token, time.Time{}, err
}

func (s *scripted) Close() error { return nil }

// called makes four calls.
func called(t *testing.T, does func(ctx context.Context, call int32) (string, error)) *caller {
	c := &caller{client: &scripted{does: does}}
	c.callFor(t, 4*interval)
	return c
}

func TestAnOutcomeIsWhatTheServiceWouldSee(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{TokenLifetime: 2*interval - time.Second})
		token := imds.Mint("https://orders.example.com")
		c := called(t, func(_ context.Context, call int32) (string, error) {
			if call == 2 {
				return "", errors.New("no token")
			}
			return token, nil // the third and the fourth time it has ended
		})
		require.Equal(t, []outcome{served, failed, expired, expired}, c.outcomes)
		require.Zero(t, c.waited)
	})
}

func TestATokenThatComesAfterTheDeadlineIsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		token := imdstest.New(nil).Mint("https://orders.example.com")
		c := called(t, func(_ context.Context, call int32) (string, error) {
			if call == 3 {
				time.Sleep(patience + time.Second) // heedless of its context
			}
			return token, nil
		})
		require.Equal(t, []outcome{served, served, failed, served}, c.outcomes)
		require.Equal(t, patience+time.Second, c.waited)
		require.Equal(t, patience+time.Second, c.idled)
	})
}

func TestAWaitWithoutAGoodTokenIsNotIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		token := imdstest.New(nil).Mint("https://orders.example.com")
		c := called(t, func(ctx context.Context, call int32) (string, error) {
			if call == 1 {
				<-ctx.Done()
				return "", ctx.Err()
			}
			return token, nil
		})
		require.Equal(t, []outcome{failed, served, served, served}, c.outcomes)
		require.Equal(t, patience, c.waited)
		require.Zero(t, c.idled)
	})
}

func TestACallThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		token := imdstest.New(nil).Mint("https://orders.example.com")
		c := called(t, func(_ context.Context, call int32) (string, error) {
			if call == 1 {
				time.Sleep(time.Hour)
			}
			return token, nil
		})
		require.Equal(t, []outcome{failed, served, served, served}, c.outcomes)
		require.Equal(t, time.Hour, c.waited)
	})
}

func TestCallsThatPileUpAreRefusedAtLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{does: func(context.Context, int32) (string, error) {
			time.Sleep(10 * time.Hour)
			return "", errors.New("no token")
		}}
		c := &caller{client: s}
		c.callFor(t, (mostUnderWay+20)*interval)
		require.EqualValues(t, mostUnderWay, s.calls.Load())
		require.NotContains(t, c.outcomes, served)
	})
}
