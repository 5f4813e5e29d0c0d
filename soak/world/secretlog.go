package world

import (
	"context"
	"log/slog"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

// secretLog is a slog.Handler that looks for secrets and keeps nothing.
type secretLog struct{ *environment }

func (secretLog) Enabled(context.Context, slog.Level) bool { return true }

func (l secretLog) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	if l.breakage.logged != nil {
		text = l.breakage.logged(text)
	}
	l.journal.report(rules.Secrets("a log line", text))
	return nil
}

func (l secretLog) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l secretLog) WithGroup(string) slog.Handler      { return l }
