package imdstest

import (
	"context"
	"io"
	"time"
)

// pieces is the number of parts in which a slow body arrives.
const pieces = 20

// A stream is the body of a reply on its way. It makes its bytes when they are read, and waits no longer
// than its context lives.
type stream struct {
	ctx    context.Context
	landed func() // called before the last bytes are given out

	rest   []byte
	filler int64
	err    error // what follows the last byte

	start  time.Time // the pace, of a slow body
	over   time.Duration
	size   int
	piece  int
	opened int // bytes of rest that are due
	sent   int // bytes given out
}

func newStream(ctx context.Context, r reply, landed func()) *stream {
	b := &stream{ctx: ctx, landed: landed, rest: r.body, filler: r.filler, err: io.EOF}
	if r.cut {
		b.rest, b.err = r.body[:len(r.body)/2], io.ErrUnexpectedEOF
	}
	if r.over > 0 {
		b.start, b.over, b.size = time.Now(), r.over, len(b.rest)
		b.piece = (b.size + pieces - 1) / pieces
	} else {
		b.opened = len(b.rest)
	}
	b.settle()
	return b
}

// settle tells that the client has it all. It comes before the last bytes go out, as a client that has them
// may ask again at once.
func (b *stream) settle() {
	if len(b.rest) == 0 && b.filler == 0 {
		b.landed()
	}
}

func (b *stream) Read(p []byte) (int, error) {
	if len(b.rest) == 0 && b.filler == 0 {
		return 0, b.err
	}
	if err := context.Cause(b.ctx); err != nil {
		return 0, err
	}
	if len(b.rest) == 0 {
		return b.fill(p), nil
	}
	if b.opened == 0 {
		if err := b.await(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.rest[:b.opened])
	b.rest, b.opened, b.sent = b.rest[n:], b.opened-n, b.sent+n
	b.settle()
	return n, nil
}

func (b *stream) fill(p []byte) int {
	n := int(min(int64(len(p)), b.filler))
	for i := range p[:n] {
		p[i] = 'A'
	}
	b.filler -= int64(n)
	b.settle()
	return n
}

// await waits for the next piece. Each has its time since the start, so that the last one comes right at the end.
func (b *stream) await() error {
	n := min(b.piece, len(b.rest))
	due := b.start.Add(time.Duration(float64(b.over) * (float64(b.sent+n) / float64(b.size))))
	if err := sleep(b.ctx, time.Until(due)); err != nil {
		return err
	}
	b.opened = n
	return nil
}

// sleep waits for d or until ctx is done, whose cause it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
