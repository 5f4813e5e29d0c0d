package stored

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// healthInterval is the least time between two reported changes: a store that flaps must not flood
// a log.
const healthInterval = time.Minute

// Operation is an operation of a store.
type Operation int

const (
	Load Operation = iota
	Save
	operations
)

// Health says whether a store works, judged by its calls. Loads and saves may fail separately: a
// full store can still be read. The zero Health is that of a store that works.
type Health struct {
	// mu guards what follows. Nothing is called under it.
	mu     sync.Mutex
	errs   [operations]error // of the last call of each kind; nil while they work
	told   bool              // that it does not work
	toldOn time.Time
}

// Change is what observers of a store should learn.
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
	return h.err()
}

// err is Err with h.mu held.
func (h *Health) err() error {
	for _, err := range h.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// IsAway reports whether the store could not be read the last time.
func (h *Health) IsAway() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.errs[Load] != nil
}

// Note records how a call ended at now, and returns what observers should learn. A missing entry
// counts as success. An entry that cannot be opened counts as neither: it does not show a recovery,
// and the next save replaces it.
func (h *Health) Note(op Operation, err error, now time.Time) Change {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, tokenstore.ErrUnreadable):
		return Unchanged
	case errors.Is(err, tokenstore.ErrNotFound):
		err = nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errs[op] = err
	down := h.err() != nil
	if down == h.told || !h.toldOn.IsZero() && now.Sub(h.toldOn) < healthInterval {
		return Unchanged
	}
	h.told, h.toldOn = down, now
	if down {
		return Failed
	}
	return Recovered
}
