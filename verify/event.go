package verify

import (
	"context"
	"log/slog"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"
)

// EventKind is what happened.
type EventKind string

const (
	EventKeysFetched   EventKind = "keys_fetched"    // Entra's keys were fetched
	EventKeysFailed    EventKind = "keys_failed"     // they could not be; the last good ones serve on
	EventKeyFileFailed EventKind = "key_file_failed" // Options.KeyFile could not be written
	EventRejected      EventKind = "rejected"        // a token was not accepted
)

// Event is something that happened in a [Verifier]. It contains no token.
type Event struct {
	Kind EventKind
	Time time.Time
	Keys int   // how many were fetched
	Err  error // why something failed
}

// emit tells the observers. What goes wrong in one of them is lost: it must not become the fault of a request.
func (v *Verifier) emit(e Event) {
	if v.onEvent == nil && v.logger == nil {
		return
	}
	_ = guard.Run(func() {
		if v.onEvent != nil {
			v.onEvent(e)
		}
	})
	_ = guard.Run(func() { v.log(e) })
}

func (v *Verifier) log(e Event) {
	if v.logger == nil {
		return
	}
	level, text := slog.LevelInfo, "aztoken verify: keys fetched"
	switch e.Kind {
	case EventKeysFailed:
		level, text = slog.LevelWarn, "aztoken verify: keys not fetched"
	case EventKeyFileFailed:
		level, text = slog.LevelWarn, "aztoken verify: key file not written"
	case EventRejected:
		text = "aztoken verify: token not accepted"
	}
	attributes := []slog.Attr{}
	if e.Err != nil {
		attributes = append(attributes, slog.String("error", e.Err.Error()))
	} else {
		attributes = append(attributes, slog.Int("keys", e.Keys))
	}
	v.logger.LogAttrs(context.Background(), level, text, attributes...)
}
