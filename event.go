package aztoken

import (
	"context"
	"log/slog"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"
)

// EventKind is what happened to a token.
type EventKind string

const (
	// EventAcquired: a new token is in use.
	EventAcquired EventKind = "acquired"
	// EventUnchanged: the endpoint gave the token that the client had already, as platforms with a cache of their
	// own do. It stays in use; RefreshOn says when the client looks again.
	EventUnchanged EventKind = "unchanged"
	// EventFailed: a request for a token failed. If a valid token is held it stays in use; RefreshOn is the next try.
	EventFailed EventKind = "failed"
	// EventRejected: a service refused the token, and the client looks for another.
	EventRejected EventKind = "rejected"
	// EventDropped: nobody read the token for a whole life, and the client keeps it fresh no longer.
	EventDropped EventKind = "dropped"
)

// Event tells of a change to a token, for metrics and logs. It contains no token.
type Event struct {
	Kind     EventKind
	Time     time.Time
	Resource string
	// Background is true for a refresh that nobody waited for.
	Background bool
	// Took is how long the request to the endpoint took, with its wait for a place; 0 where there was none.
	Took time.Duration
	// ExpiresOn and RefreshOn are those of the token in use, zero without one.
	ExpiresOn, RefreshOn time.Time
	// Err is why a request failed, mostly an [*Error].
	Err error
}

// emit hands ev to the logger and to OnEvent.
func (c *Client) emit(ev Event) {
	if c.opts.Logger != nil {
		_ = guard.Run(func() { c.log(ev) })
	}
	if c.opts.OnEvent != nil {
		_ = guard.Run(func() { c.opts.OnEvent(ev) })
	}
}

func (c *Client) log(ev Event) {
	level := slog.LevelInfo
	attrs := []slog.Attr{slog.String("resource", ev.Resource), slog.Bool("background", ev.Background)}
	switch ev.Kind {
	case EventFailed, EventRejected:
		level = slog.LevelWarn
	case EventUnchanged, EventDropped:
		level = slog.LevelDebug
	}
	if ev.Took > 0 {
		attrs = append(attrs, slog.Duration("took", ev.Took))
	}
	if !ev.ExpiresOn.IsZero() {
		attrs = append(attrs, slog.Time("expires_on", ev.ExpiresOn), slog.Time("refresh_on", ev.RefreshOn))
	}
	if ev.Err != nil {
		attrs = append(attrs, slog.String("error", ev.Err.Error()))
	}
	c.opts.Logger.LogAttrs(context.Background(), level, "aztoken: token "+string(ev.Kind), attrs...)
}
