package aztoken

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFailuresOfAnyAgeAreSweptAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f failures
		for i := range 100 {
			f.remember(fmt.Sprint(i), &Error{retryAfter: time.Duration(i) * time.Second})
			time.Sleep(100 * time.Millisecond)
		}
		f.note("under way", &Error{})
		require.Error(t, f.recent("99"))
		require.NoError(t, f.recent("0"), "two seconds have passed")
		require.NoError(t, f.recent("under way"), "a flight under way has no outcome")
		require.NotNil(t, f.last("under way"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Len(t, f.byKey, 1, "Retry-After is obeyed for a minute at most")
		f.forget("under way")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Nil(t, f.byKey)
		f.close()
		f.remember("x", &Error{})
		require.NoError(t, f.recent("x"))
	})
}
