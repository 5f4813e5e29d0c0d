package stored

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// healthInterval is the least time between two changes that are told: a store that flaps must not flood a log.
const healthInterval = time.Minute

// Health is whether a store works, by how its calls ended. The zero Health is that of a store that works.
type Health struct {
	// mu guards what follows. Nothing is called under it.
	mu     sync.Mutex
	err    error // of the last call; nil while the store works
	told   bool  // that it does not work
	toldOn time.Time
}

// Change is what observers of a store are to be told.
type Change int

const (
	Unchanged Change = iota
	Failed           // the store does not work any more
	Recovered        // it works again
)

// Err returns why the store does not work, nil while it does.
func (h *Health) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// Note takes in how a call ended at now, and returns what observers are to be told. That there is no entry is health,
// and that one cannot be opened is neither: it is no recovery, and the next save replaces it.
func (h *Health) Note(err error, now time.Time) Change {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, tokenstore.ErrUnreadable):
		return Unchanged
	case errors.Is(err, tokenstore.ErrNotFound):
		err = nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
	down := err != nil
	if down == h.told || !h.toldOn.IsZero() && now.Sub(h.toldOn) < healthInterval {
		return Unchanged
	}
	h.told, h.toldOn = down, now
	if down {
		return Failed
	}
	return Recovered
}
