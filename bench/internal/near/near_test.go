package near

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// verdict is a testing.TB that records whether the test would have failed.
type verdict struct {
	testing.TB
	failed bool
}

func (v *verdict) Errorf(format string, args ...any) {
	v.failed = true
	v.Logf(format, args...)
}

var (
	sum  uint64
	heap *[64]byte
)

func work() {
	for i := range uint64(1000) {
		sum = sum*31 + i
	}
}

func tenfold() {
	for range 10 {
		work()
	}
}

func TestOnlyWhatIsFarFromItsFloorFails(t *testing.T) {
	if Raced {
		t.Skip("the race detector changes the ratio")
	}
	for name, tc := range map[string]struct {
		goal  Goal
		op    func()
		fails bool
	}{
		"the floor itself":      {Goal{Times: 5}, work, false},
		"ten times the floor":   {Goal{Times: 1.3}, tenfold, true},
		"an allocation":         {Goal{Times: 5}, func() { work(); heap = new([64]byte) }, true},
		"an allowed allocation": {Goal{Times: 5, Allocs: 1}, func() { work(); heap = new([64]byte) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := &verdict{TB: t}
			Test(v, tc.goal, work, tc.op)
			require.Equal(t, tc.fails, v.failed)
		})
	}
}
