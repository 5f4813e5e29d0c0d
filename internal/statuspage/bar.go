package statuspage

import (
	"fmt"
	"time"
)

// Bar is a lifetime from beginning to end, in percent.
type Bar struct {
	Used Percent // from the left: the elapsed time
	Left Percent
	Next Percent // when it is renewed
	// HasNext is false if nothing is planned.
	HasNext bool
}

// Percent is a length of a bar, or a place on it.
type Percent float64

// String returns p in the form of SVG attributes.
func (p Percent) String() string { return fmt.Sprintf("%.2f%%", float64(p)) }

// newBar returns the bar at now of a lifetime that is renewed at next, zero for never. A renewal
// that is overdue is shown as due now.
func newBar(from, until, next, now time.Time) Bar {
	place := func(t time.Time) Percent {
		life := until.Sub(from)
		if life <= 0 {
			return 100
		}
		return Percent(min(1, max(0, t.Sub(from).Seconds()/life.Seconds())) * 100)
	}
	b := Bar{Used: place(now)}
	b.Left = 100 - b.Used
	if !next.IsZero() && b.Left > 0 {
		b.HasNext, b.Next = true, max(b.Used, place(next))
	}
	return b
}
