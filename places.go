package aztoken

import "context"

// places are the requests that may be under way at a time. IMDS serves five at once for a whole machine. One place is
// kept from background refreshes, so that while these hang a caller without a token still gets through.
type places struct{ all, background chan struct{} }

func newPlaces() places {
	return places{all: make(chan struct{}, 4), background: make(chan struct{}, 3)}
}

// take waits for a place. free gives it back; it is nil if ctx ended first.
func (p places) take(ctx context.Context, background bool) (free func()) {
	if background {
		select {
		case p.background <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
	}
	leave := func() {
		if background {
			<-p.background
		}
	}
	select {
	case p.all <- struct{}{}:
		return func() {
			<-p.all
			leave()
		}
	case <-ctx.Done():
		leave()
		return nil
	}
}
