package aztoken

import (
	"errors"
	"time"
)

// closeLimit is how long Close waits for a source that does not heed its context. One that does is back at once.
const closeLimit = 5 * time.Second

var errSourceRuns = errors.New("aztoken: a request for a token or a callback still runs after Close; a credential must heed its context, and a callback must not call Close")

// Close ends the refresh of all tokens and returns when every goroutine of the client has ended; callers that wait get
// [ErrClosed], as does every call afterwards. It can be called again. The error tells of a source that does not
// come back.
func (c *Client) Close() error {
	if c.cancel == nil {
		return nil // the zero Client
	}
	c.mu.Lock()
	c.cancel()
	c.mu.Unlock()
	for _, e := range c.cache.close() {
		e.stop()
	}
	c.failures.close()
	done := make(chan struct{})
	go func() {
		c.running.Wait()
		close(done)
	}()
	limit := time.NewTimer(closeLimit)
	defer limit.Stop()
	defer c.host.source.Close()
	select {
	case <-done:
		return nil
	case <-limit.C:
		return errSourceRuns
	}
}

// closed is true after Close, and for the zero Client.
func (c *Client) closed() bool { return c.ctx == nil || c.ctx.Err() != nil }

// enter registers a goroutine that Close waits for, false if the client is closed. leave is its counterpart.
func (c *Client) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed() {
		return false
	}
	c.running.Add(1)
	return true
}

func (c *Client) leave() { c.running.Done() }
