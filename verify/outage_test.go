package verify_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// deployment is a client on a virtual machine and a service that it calls, both in need of one
// Entra ID.
type deployment struct {
	entra   *imdstest.Server
	client  *aztoken.Client
	service *verify.Verifier
	keys    string
	refused int // calls
}

func deploy(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{keys: filepath.Join(t.TempDir(), "keys.json"), entra: imdstest.New(&imdstest.Options{
		Identities: []imdstest.Identity{{SystemAssigned: true, Roles: map[string][]string{audience: {"reader"}}}},
	})}
	opts := aztoken.Options{Getenv: func(string) string { return "" }, Refresh: aztoken.MaxAge(time.Hour)}
	opts.Transport = d.entra
	var err error
	d.client, err = aztoken.NewClient(&opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.client.Close()) })
	d.restart(t)
	t.Cleanup(func() { require.NoError(t, d.service.Close()) })
	return d
}

// restart starts the service, anew if it runs.
func (d *deployment) restart(t *testing.T) {
	t.Helper()
	if d.service != nil {
		require.NoError(t, d.service.Close())
	}
	var err error
	d.service, err = verify.New(&verify.Options{
		Audiences: []string{audience}, Tenants: []string{imdstest.DefaultTenantID}, Authority: "https://imds.test", HTTPClient: d.entra.Client(), KeyFile: d.keys,
	})
	require.NoError(t, err)
}

// run makes a call a minute for some time, and restarts the service now and then.
func (d *deployment) run(t *testing.T, length, restarts time.Duration) {
	t.Helper()
	next := time.Now()
	restart := next.Add(restarts)
	for end := next.Add(length); next.Before(end); next = next.Add(time.Minute) {
		time.Sleep(time.Until(next))
		if restarts > 0 && !time.Now().Before(restart) {
			d.restart(t)
			restart = time.Now().Add(restarts)
		}
		d.call(t)
	}
}

func (d *deployment) call(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	token, err := d.client.Token(ctx, audience)
	if err == nil {
		_, err = d.service.Verify(ctx, token.Value())
	}
	if err != nil {
		d.refused++
		t.Logf("%v: %v", time.Since(start), err)
	}
}

// The token that is held is at most 67 and a half minutes old when the outage begins:
// MaxAge(time.Hour) asks after 54 to 60 minutes, IMDS gives a new one once its own is an hour old,
// and where that is not yet so the client asks again after seven and a half. It is good for a day.
// So much for the client; the service's keys were fetched within the last hour and serve for a day.
const outage = 22*time.Hour + 50*time.Minute

func TestAnOutageOfAlmostADayRefusesNoCall(t *testing.T) {
	t.Parallel()
	for begin := 25 * time.Hour; begin < 26*time.Hour; begin += 7 * time.Minute {
		t.Run(fmt.Sprint("after ", begin), func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				d := deploy(t)
				d.run(t, begin, 0)
				synctest.Wait()
				d.entra.BreakFor(outage, imdstest.EntraDown())
				d.run(t, outage, 3*time.Hour)
				d.run(t, 3*time.Hour, 0)
				require.Zero(t, d.refused)
			})
		})
	}
}

// With the token and the keys just fetched, both serve for a whole day without Entra.
func TestAnOutageOfAWholeDayRefusesNoCallIfTokenAndKeysAreFresh(t *testing.T) {
	virtually(t, func(t *testing.T) {
		const day = 24 * time.Hour
		d := deploy(t)
		d.call(t)
		d.entra.BreakFor(day, imdstest.EntraDown())
		d.run(t, day, 3*time.Hour)
		time.Sleep(2 * time.Minute) // the keys are fetched again within a minute
		d.run(t, 3*time.Hour, 0)
		require.Zero(t, d.refused)
	})
}
