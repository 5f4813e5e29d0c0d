package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// inspectTime bounds the inspection of a store: a network file system may hang.
const inspectTime = 5 * time.Second

const (
	fixStore = "calls work without the store, but a program that starts in an outage has no token: " +
		"do what the message says, or use another directory"
	fixStoreSlow  = "the file system hangs: check that it is mounted and its server answers, or use a local disk"
	fixUnreadable = "pass the key of the program that saved them with --store-key; if they are damaged, " +
		"or copied from another machine, the next save replaces them"
	fixEnded = "check that the program that keeps them is running: it keeps a valid token there"
)

// inspect checks a store.
func inspect(ctx context.Context, s *tokenstore.Store) Check {
	start := time.Now()
	// The endpoint may have used up ctx's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), inspectTime)
	defer cancel()
	found, err := s.Inspect(ctx)
	c := judgeStore(found, err, time.Now())
	c.Took = time.Since(start)
	return c
}

// judgeStore returns what the state of a store means.
func judgeStore(found tokenstore.Inspection, err error, now time.Time) Check {
	c := Check{Name: storeCheck, Status: OK}
	switch {
	case errors.Is(err, tokenstore.ErrNotFound):
		c.Detail = "nothing saved in " + found.Path + " yet" + whereabouts(found)
		return c
	case errors.Is(err, context.DeadlineExceeded):
		c.Status, c.Detail, c.Fix = Failed, err.Error(), fixStoreSlow
		return c
	case err != nil:
		c.Status, c.Detail, c.Fix = Failed, err.Error(), fixStore
		return c
	}
	var good, ended, unreadable int
	var newest tokenstore.InspectedEntry
	var reason error
	for _, e := range found.Entries {
		switch {
		case e.Err != nil:
			unreadable++
			reason = e.Err
		case !e.Expires.After(now):
			ended++
		default:
			if good++; e.Expires.After(newest.Expires) {
				newest = e
			}
		}
	}
	c.Detail = fmt.Sprintf("%s in %s: %d valid", count(len(found.Entries), "token"), found.Path, good)
	if ended > 0 {
		c.Detail += fmt.Sprintf(", %d expired", ended)
	}
	if unreadable > 0 {
		c.Detail += fmt.Sprintf(", %d unreadable (%v)", unreadable, reason)
	}
	if good > 0 {
		c.Detail += fmt.Sprintf("; the newest was saved %s ago and is valid for %s", message.Duration(now.Sub(newest.Saved)), message.Duration(newest.Expires.Sub(now)))
	}
	c.Detail += whereabouts(found)
	switch {
	case good > 0 || len(found.Entries) == 0:
	case unreadable > 0:
		c.Status, c.Fix = Failed, fixUnreadable
	default:
		c.Status, c.Fix = Failed, fixEnded
	}
	return c
}

// whereabouts describes the directory itself.
func whereabouts(found tokenstore.Inspection) string {
	text := "; not bound to this machine (" + found.Binding + ")"
	if found.Bound {
		text = "; bound to this machine by " + found.Binding
	}
	if found.OwnKey && len(found.Entries) > 0 {
		text += "; its key is in the directory too, so anybody who can read that can read the tokens"
	}
	if found.FileSystem != "" {
		text += "; it is on a network file system (" + found.FileSystem + "), which may hang"
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
