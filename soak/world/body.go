package world

import (
	"errors"
	"io"
	"sync"
)

// keptBody is more than any good reply has.
const keptBody = 256 << 10

var errUnread = errors.New("the body was not read to its end")

// observedBody is a body that reports once how it ended, nil after its last byte, and what it
// contained.
type observedBody struct {
	io.ReadCloser
	kept []byte
	once sync.Once
	done func(body []byte, err error)
}

func (b *observedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if room := keptBody - len(b.kept); room > 0 {
		b.kept = append(b.kept, p[:min(n, room)]...)
	}
	if err == io.EOF {
		b.end(nil)
	} else if err != nil {
		b.end(err)
	}
	return n, err
}

func (b *observedBody) Close() error {
	b.end(errUnread)
	return b.ReadCloser.Close()
}

func (b *observedBody) end(err error) { b.once.Do(func() { b.done(b.kept, err) }) }
