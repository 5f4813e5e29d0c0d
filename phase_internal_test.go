package aztoken

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPhaseNext(t *testing.T) {
	t.Parallel()
	phases := []string{"empty", "serving", "replacing", "suspended", "dropped"}
	triggers := []string{"tokenCame", "rejected", "invalidated", "suspensionOver", "flightsEnded", "leave"}
	table := [][]phase{
		//           tokenCame rejected   invalidated suspensionOver flightsEnded leave
		empty:     {serving, empty, empty, empty, empty, dropped},
		serving:   {serving, replacing, suspended, serving, serving, dropped},
		replacing: {serving, replacing, suspended, replacing, serving, dropped},
		suspended: {serving, suspended, suspended, replacing, serving, dropped},
		dropped:   {dropped, dropped, dropped, dropped, dropped, dropped},
	}
	require.Len(t, table, len(phases))
	for from, row := range table {
		require.Len(t, row, len(triggers))
		for by, want := range row {
			require.Equal(t, phases[want], phases[phase(from).next(trigger(by))], "%s in phase %s", triggers[by], phases[from])
		}
	}
}

func TestPhaseServes(t *testing.T) {
	t.Parallel()
	for p, want := range map[phase]bool{empty: false, serving: true, replacing: true, suspended: false, dropped: false} {
		require.Equal(t, want, p.serves(), p)
	}
}
