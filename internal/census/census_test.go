package census_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/census"
)

func TestEnter(t *testing.T) {
	t.Parallel()
	count := func(key string) (int, func()) { return census.Enter(t.Name() + key) }
	n, leaveFirst := count("a")
	require.Equal(t, 1, n)
	n, leaveSecond := count("a")
	require.Equal(t, 2, n)
	n, leaveOther := count("b")
	require.Equal(t, 1, n, "another key")
	leaveFirst()
	leaveFirst()
	n, leaveThird := count("a")
	require.Equal(t, 2, n, "leave counts once")
	leaveSecond()
	leaveThird()
	leaveOther()
	n, leave := count("a")
	require.Equal(t, 1, n)
	leave()
}
