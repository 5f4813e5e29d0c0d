package verify

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// stuckDisk is a disk whose mount hangs until it is freed.
type stuckDisk struct {
	free  chan struct{}
	saved map[string]savedDocument // what load finds then

	loads, writes atomic.Int64
}

func (d *stuckDisk) load(time.Time) (map[string]savedDocument, error) {
	d.loads.Add(1)
	<-d.free
	return d.saved, nil
}

func (d *stuckDisk) save([]savedKeys) error {
	d.writes.Add(1)
	<-d.free
	return errors.New("the disk is full")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestADiskThatHangs(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T, entra roundTripper) (v *Verifier, disk *stuckDisk, events func() []Event) {
		t.Helper()
		var (
			mu  sync.Mutex
			all []Event
		)
		v, err := New(&Options{
			Audiences: []string{"api://orders"}, Tenants: []string{fuzzTenant}, HTTPClient: &http.Client{Transport: entra},
			OnEvent: func(e Event) { mu.Lock(); all = append(all, e); mu.Unlock() },
		})
		require.NoError(t, err)
		disk = &stuckDisk{free: make(chan struct{})}
		v.keys.files.file = disk
		return v, disk, func() []Event { mu.Lock(); defer mu.Unlock(); return all }
	}
	down := func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }
	t.Run("keeps a caller for five seconds, is told once, and lets Close return", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			v, disk, events := begin(t, down)
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.ErrorIs(t, v.Warm(ctx), ErrKeysUnavailable)
			require.Equal(t, time.Second, time.Since(began))
			require.ErrorIs(t, v.Warm(t.Context()), ErrKeysUnavailable)
			require.LessOrEqual(t, time.Since(began), fileLimit+time.Second)
			for range 100 {
				began = time.Now()
				require.ErrorIs(t, v.Warm(t.Context()), ErrKeysUnavailable)
				require.Zero(t, time.Since(began), "nobody waits for it again")
				time.Sleep(time.Minute)
			}
			require.EqualValues(t, 1, disk.loads.Load(), "one at a time")
			told := 0
			for _, e := range events() {
				if e.Kind == EventKeyFileFailed {
					told++
				}
			}
			require.Equal(t, 1, told)
			began = time.Now()
			require.NoError(t, v.Close())
			require.LessOrEqual(t, time.Since(began), closeLimit)
			close(disk.free)
		})
	})
	t.Run("that answers late still brings its keys", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			v, disk, _ := begin(t, down)
			require.Error(t, v.Warm(t.Context()))
			time.Sleep(time.Minute)
			disk.saved = map[string]savedDocument{v.keys.documents[0].name(): {
				keys: held{"a": {key: &signingKey{public: readRSA(modulus, "AQAB"), origins: []keyOrigin{{}}}}}, fetched: time.Now().Add(-time.Hour),
			}}
			close(disk.free)
			synctest.Wait()
			require.NoError(t, v.Warm(t.Context()))
			require.Equal(t, "key file", v.Status().KeySource)
			require.NoError(t, v.Close())
		})
	})
	t.Run("that is slower than Entra keeps the caller whose key it alone may have", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			v, disk, _ := begin(t, func(r *http.Request) (*http.Response, error) { return serve(r), nil })
			disk.saved = map[string]savedDocument{v.keys.documents[0].name(): {
				keys: held{"a": {key: &signingKey{public: readRSA(modulus, "AQAB"), origins: []keyOrigin{{}}}}}, fetched: time.Now().Add(-time.Hour),
			}}
			require.NoError(t, v.Warm(t.Context())) // with Entra's keys, which lack a
			time.AfterFunc(time.Second, func() { close(disk.free) })
			began := time.Now()
			key, err := v.keys.find(t.Context(), jws{kid: "a"})
			require.NoError(t, err)
			require.NotNil(t, key)
			require.Equal(t, time.Second, time.Since(began))
			require.NoError(t, v.Close())
		})
	})
	t.Run("that is slower than Entra keeps nobody for longer than five seconds", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			v, disk, _ := begin(t, func(r *http.Request) (*http.Response, error) { return serve(r), nil })
			require.NoError(t, v.Warm(t.Context()))
			began := time.Now()
			_, err := v.keys.find(t.Context(), jws{kid: "a"})
			require.ErrorIs(t, err, ErrSignature)
			require.Equal(t, fileLimit, time.Since(began))
			close(disk.free)
			require.NoError(t, v.Close())
		})
	})
	t.Run("while keys come, keeps the newest to write and stops no fetch", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var fetches atomic.Int64
			v, disk, events := begin(t, func(r *http.Request) (*http.Response, error) {
				fetches.Add(1)
				return serve(r), nil
			})
			require.NoError(t, v.Warm(t.Context()))
			time.Sleep(25 * time.Hour)
			require.GreaterOrEqual(t, fetches.Load(), int64(2*25))
			require.EqualValues(t, 1, disk.writes.Load())
			close(disk.free)
			synctest.Wait()
			require.EqualValues(t, 2, disk.writes.Load(), "the one that hung, and the newest")
			told := 0
			for _, e := range events() {
				if e.Kind == EventKeyFileFailed {
					told++
				}
			}
			require.Equal(t, 1, told, "once until it works")
			require.NoError(t, v.Close())
		})
	})
}
