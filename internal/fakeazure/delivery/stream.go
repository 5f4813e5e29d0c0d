package delivery

import (
	"context"
	"io"
	"time"
)

// pieces is the number of parts in which a slow body arrives.
const pieces = 20

// A stream is the body of an answer on its way. It generates its bytes when they are read, and
// waits until its context ends at most.
type stream struct {
	ctx    context.Context
	landed func() // called before the last bytes are given out

	rest    []byte
	padding int64
	err     error // what follows the last byte

	start   time.Time // the pace, of a slow body
	trickle time.Duration
	size    int
	piece   int
	opened  int // bytes of rest that are due
	sent    int // bytes given out
}

func newStream(x Exchange, a Answer) *stream {
	b := &stream{ctx: x.Context(), landed: x.Landed, rest: a.Body, padding: a.Padding, err: io.EOF}
	if a.Cut {
		b.rest, b.err = a.Body[:len(a.Body)/2], io.ErrUnexpectedEOF
	}
	if a.Trickle > 0 {
		b.start, b.trickle, b.size = time.Now(), a.Trickle, len(b.rest)
		b.piece = (b.size + pieces - 1) / pieces
	} else {
		b.opened = len(b.rest)
	}
	b.tell()
	return b
}

// tell says that the client has the whole answer. It is called before the last bytes go out,
// because a client that has them may ask again at once.
func (b *stream) tell() {
	if len(b.rest) == 0 && b.padding == 0 {
		b.landed()
	}
}

func (b *stream) Read(p []byte) (int, error) {
	if len(b.rest) == 0 && b.padding == 0 {
		return 0, b.err
	}
	if err := context.Cause(b.ctx); err != nil {
		return 0, err
	}
	if len(b.rest) == 0 {
		return b.pad(p), nil
	}
	if b.opened == 0 {
		if err := b.await(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.rest[:b.opened])
	b.rest, b.opened, b.sent = b.rest[n:], b.opened-n, b.sent+n
	b.tell()
	return n, nil
}

func (b *stream) pad(p []byte) int {
	n := int(min(int64(len(p)), b.padding))
	for i := range p[:n] {
		p[i] = 'A'
	}
	b.padding -= int64(n)
	b.tell()
	return n
}

// await waits for the next piece. Each is timed from the start, so that the last one comes right at
// the end.
func (b *stream) await() error {
	n := min(b.piece, len(b.rest))
	due := b.start.Add(time.Duration(float64(b.trickle) * (float64(b.sent+n) / float64(b.size))))
	if err := Sleep(b.ctx, time.Until(due)); err != nil {
		return err
	}
	b.opened = n
	return nil
}
