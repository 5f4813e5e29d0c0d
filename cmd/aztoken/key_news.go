package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/verify"
)

const (
	// keysFresh is the age from which a run with --key-file fetches new keys although the old ones
	// are still usable. Otherwise no run would fetch keys before the old ones expire after 24
	// hours, and nothing would cover an outage that begins then.
	keysFresh = time.Hour
	// fetchWait is how long a run waits for that. A login may be waiting for the command.
	fetchWait = 2 * time.Second
)

// keyNews is what a command learns about the keys of its verifier.
type keyNews struct {
	asked chan struct{} // closed when a fetch has ended
	once  sync.Once
	file  chan error // the first failure of the key file
}

func newKeyNews() *keyNews {
	return &keyNews{asked: make(chan struct{}), file: make(chan error, 1)}
}

// hear is the verifier's OnEvent.
func (n *keyNews) hear(e verify.Event) {
	switch e.Kind {
	case verify.EventKeysFetched, verify.EventKeysFailed:
		n.once.Do(func() { close(n.asked) })
	case verify.EventKeyFileFailed:
		select {
		case n.file <- e.Err:
		default: // one warning will do
		}
	}
}

// awaitFetch waits for the end of the fetch that a start begins, if the keys in use are old.
func (n *keyNews) awaitFetch(s verify.Status) {
	if s.Keys == 0 || time.Since(s.FetchedOn) < keysFresh {
		return
	}
	select {
	case <-n.asked:
	case <-time.After(fetchWait):
	}
}

// warn warns if the key file is not used. Call it after Close.
func (n *keyNews) warn(to io.Writer) {
	select {
	case err := <-n.file:
		_, _ = fmt.Fprintln(to, "aztoken: warning:", err)
	default:
	}
}
