package fault_test

import (
	"context"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/delivery"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// speaker is a host whose 403 is somebody else's.
type speaker struct{}

func (speaker) Host() identityapi.Host { return identityapi.Host{Name: "a host", Server: "it"} }
func (speaker) Status(code int) (identityapi.Reply, bool) {
	return identityapi.Text(code, "", "status"), code == http.StatusForbidden
}

func TestRespond(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  fault.Fault
		asked  bool // for what the request deserves
		status int
		server string
		retry  string
	}{
		"none":                     {fault.OK(), true, 200, "it", ""},
		"a delay":                  {fault.Slow(time.Second), true, 200, "it", ""},
		"a refusal of Entra":       {fault.EntraRefuses(501051, "No."), true, 200, "it", ""},
		"a status":                 {fault.Status(503).WithRetryAfter(1500 * time.Millisecond), false, 503, "it", "2"},
		"a good status":            {fault.Status(204).WithRetryAfter(time.Second), false, 204, "it", ""},
		"a status in its place":    {fault.Status(403), false, 403, "", ""},
		"an error":                 {fault.Error(400, "x", "y"), false, 400, "it", ""},
		"a body of nobody":         {fault.Body(502, "text/html", "x"), false, 502, "", ""},
		"another cloud's metadata": {fault.EC2(), false, 404, "EC2ws", ""},
	} {
		asked := false
		a := c.fault.Respond(speaker{}, func() identityapi.Reply {
			asked = true
			return identityapi.Text(200, "", "token")
		})
		require.Equal(t, c.asked, asked, name)
		require.Equal(t, c.status, a.Status, name)
		require.Equal(t, c.server, a.Header.Get("Server"), name)
		require.Equal(t, c.retry, a.Header.Get("Retry-After"), name)
		a.Header.Set("Server", "changed")
		again := c.fault.Respond(speaker{}, func() identityapi.Reply { return identityapi.Text(200, "", "") })
		require.Equal(t, c.server, again.Header.Get("Server"), "%s: answers share no header", name)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			fault fault.Fault
			took  time.Duration
			want  error
			dial  bool
		}{
			"none":    {fault.OK(), 0, nil, false},
			"slow":    {fault.Slow(time.Second), time.Second, nil, false},
			"slower":  {fault.Slow(time.Hour), time.Minute, context.DeadlineExceeded, false},
			"hang":    {fault.Hang(), time.Minute, context.DeadlineExceeded, false},
			"dropped": {fault.Dropped(), time.Minute, context.DeadlineExceeded, true},
			"closed":  {fault.Closed(), 0, io.EOF, false},
			"refused": {fault.Refused(), 0, syscall.ECONNREFUSED, true},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			start := time.Now()
			err := c.fault.Delay(ctx)
			require.Equal(t, c.took, time.Since(start), name)
			require.ErrorIs(t, err, c.want, name)
			no := (*delivery.NoConnection)(nil)
			if c.dial {
				require.ErrorAs(t, err, &no, name)
			} else {
				require.NotErrorAs(t, err, &no, name)
			}
			cancel()
		}
	})
}
