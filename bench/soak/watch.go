package main

import (
	"context"
	"log/slog"
)

// watch is a log that nobody reads but for secrets.
type watch struct{ w *world }

func (watch) Enabled(context.Context, slog.Level) bool { return true }

func (h watch) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	if h.w.breakage.logged != nil {
		text = h.w.breakage.logged(text)
	}
	if leaks(text) {
		h.w.report([]finding{{noSecret, "a log line"}})
	}
	return nil
}

func (h watch) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h watch) WithGroup(string) slog.Handler      { return h }
