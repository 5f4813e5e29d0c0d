package extauth

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/wire"
	"github.com/seed-ac726066/aztoken/verify"
)

// maxShown limits how much of what a caller sent gets into a log.
const maxShown = 200

// log writes a line about a check: for refused checks once a second per rule and reason, for others
// at debug level.
func (g *Guard) log(ctx context.Context, o outcome) {
	level := slog.LevelDebug
	if o.err != nil {
		level = slog.LevelWarn
	}
	if !g.options.Logger.Enabled(ctx, level) || o.err != nil && !g.refusals.Take(o.kind(), time.Now()) {
		return
	}
	attrs := []slog.Attr{
		slog.String("host", shown(o.asked.host)),
		slog.String("path", shown(pathOf(o.asked.target))),
		slog.String("method", shown(o.asked.method)),
		slog.String("rule", o.ruleName()),
		slog.String("result", o.result.String()),
	}
	if o.claims != nil {
		attrs = append(attrs, slog.String("tenant", o.claims.TenantID), slog.String("object_id", o.claims.ObjectID), slog.String("client_id", o.claims.ClientID))
	}
	switch {
	case o.result == unavailable && errors.Is(context.Cause(ctx), errMaxWaiting):
		attrs = append(attrs, slog.String("reason", errMaxWaiting.Error()))
	case o.err != nil:
		attrs = append(attrs, slog.String("reason", wire.Plain(brief(o.err))))
	}
	g.options.Logger.LogAttrs(ctx, level, "aztoken guard: check", attrs...)
}

// ruleName returns the label of the rule of an outcome.
func (o outcome) ruleName() string {
	if o.rule == nil {
		return noRuleName
	}
	return o.rule.name
}

// kind tells apart the refusals that get a line each. It returns one of a closed set.
func (o outcome) kind() string {
	what := o.err
	var e *verify.Error
	if errors.As(o.err, &e) {
		what = nil
		if causes := e.Unwrap(); len(causes) > 0 {
			what = causes[0] // a sentinel
		}
	}
	if what == nil {
		return o.ruleName() + " " + o.result.String()
	}
	return o.ruleName() + " " + o.result.String() + " " + what.Error()
}

// pathOf returns a target without its query, in which callers may put secrets.
func pathOf(target string) string {
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		return target[:i]
	}
	return target
}

// shown returns what a log has of text that a caller sent: a bounded part, and nothing that looks
// like a token.
func shown(text string) string {
	text = wire.Redact(text)
	return text[:min(len(text), maxShown)]
}

// keyEvent logs what happens to the keys. Refused tokens are logged with their requests.
func (g *Guard) keyEvent(e verify.Event) {
	level, text := slog.LevelInfo, "aztoken guard: keys fetched"
	switch e.Kind {
	case verify.EventRejected:
		return
	case verify.EventKeysFailed:
		level, text = slog.LevelWarn, "aztoken guard: keys not fetched; trying again"
	case verify.EventKeyFileFailed:
		level, text = slog.LevelWarn, "aztoken guard: key file not used"
	}
	about := slog.Int("keys", e.Keys)
	if e.Err != nil {
		about = slog.String("error", wire.Plain(e.Err.Error()))
	}
	g.options.Logger.LogAttrs(context.Background(), level, text, about)
}
