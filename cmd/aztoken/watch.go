package main

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/message"
)

// watcher reports what happens to a token.
type watcher struct {
	*printer
	out, err  io.Writer
	showToken bool
	live      bool // stderr is a terminal: it shows the time left
}

// watchEvent is one line of JSON.
type watchEvent struct {
	Event     string    `json:"event"`
	Time      time.Time `json:"time"`
	Resource  string    `json:"resource"`
	ExpiresOn time.Time `json:"expires_on,omitzero"`
	ExpiresIn int64     `json:"expires_in,omitempty"` // seconds
	RefreshOn time.Time `json:"refresh_on,omitzero"`
	Error     string    `json:"error,omitempty"`
	Token     string    `json:"token,omitempty"`
}

func (t *tokenCommand) watchOver(cmd *cobra.Command, opts *aztoken.Options, resource string) error {
	w := watcher{
		printer: t.printer, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), showToken: t.showToken,
		live: isTerminal(cmd.ErrOrStderr()),
	}
	return w.watch(cmd.Context(), opts, resource, t.timeout)
}

// watch returns when ctx ends, or when there is no first token.
func (w watcher) watch(ctx context.Context, opts *aztoken.Options, resource string, timeout time.Duration) error {
	events := make(chan aztoken.Event, 16) // far more than arrive at once
	opts.OnEvent = func(ev aztoken.Event) {
		select {
		case events <- ev:
		case <-ctx.Done():
		}
	}
	token, client, err := first(ctx, opts, resource, timeout)
	if err != nil {
		return err
	}
	defer client.Close()
	// The subscription keeps the token fresh although nothing uses it.
	defer client.OnRotate(resource, func(aztoken.Token) {})()
	held := token.ExpiresOn
	var tick <-chan time.Time
	if w.live {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			w.erase()
			return nil
		case <-tick:
			w.countdown(held)
		case ev := <-events:
			if !ev.ExpiresOn.IsZero() {
				held = ev.ExpiresOn
			}
			var value string
			if w.showToken && (ev.Kind == aztoken.EventAcquired || ev.Kind == aztoken.EventLoaded) {
				// From the cache, where it is after the event.
				current, err := client.Token(ctx, resource)
				if err != nil {
					continue
				}
				value = current.Value()
			}
			if err := w.tell(ev, value); err != nil {
				return err
			}
		}
	}
}

// tell writes an event. value is the token, "" if it is not to be shown.
func (w watcher) tell(ev aztoken.Event, value string) error {
	now := ev.Time
	w.erase()
	say(w.err, "%s", describe(ev))
	if w.json() {
		line := watchEvent{
			Event: string(ev.Kind), Time: now.UTC(), Resource: ev.Resource,
			ExpiresOn: ev.ExpiresOn.UTC(), RefreshOn: ev.RefreshOn.UTC(), Token: value,
		}
		if !ev.ExpiresOn.IsZero() {
			line.ExpiresIn = int64(ev.ExpiresOn.Sub(now).Round(time.Second) / time.Second)
		}
		if ev.Err != nil {
			line.Error = oneLine(messageFor(ev.Err))
		}
		return w.line(w.out, line)
	}
	if value != "" {
		_, err := io.WriteString(w.out, value+"\n")
		return err
	}
	return nil
}

// describe returns an event as a line for people.
func describe(ev aztoken.Event) string {
	var b strings.Builder
	b.WriteString(ev.Time.Format("15:04:05 "))
	switch ev.Kind {
	case aztoken.EventAcquired:
		b.WriteString("new token for " + ev.Resource)
	case aztoken.EventUnchanged:
		b.WriteString("same token again for " + ev.Resource)
	case aztoken.EventLoaded:
		b.WriteString("stored token for " + ev.Resource)
	case aztoken.EventStoreFailed:
		b.WriteString("the store does not work: " + ev.Err.Error())
	case aztoken.EventStoreRecovered:
		b.WriteString("the store works again")
	case aztoken.EventFailed:
		b.WriteString("no new token: " + oneLine(messageFor(ev.Err)))
	default:
		b.WriteString(string(ev.Kind) + " for " + ev.Resource)
	}
	if !ev.ExpiresOn.IsZero() {
		b.WriteString(", " + message.Duration(ev.ExpiresOn.Sub(ev.Time)) + " left")
	}
	if !ev.RefreshOn.IsZero() {
		b.WriteString("; next refresh in " + message.Duration(ev.RefreshOn.Sub(ev.Time)))
	}
	return b.String()
}

// countdown writes the time left over the current line.
func (w watcher) countdown(expires time.Time) {
	_, _ = io.WriteString(w.err, "\r\x1b[K"+message.Duration(time.Until(expires))+" left")
}

// erase clears the line of the countdown.
func (w watcher) erase() {
	if w.live {
		_, _ = io.WriteString(w.err, "\r\x1b[K")
	}
}

// oneLine joins the lines of a message.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n  ", "; ") }

// isTerminal reports whether a stream of the process is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
