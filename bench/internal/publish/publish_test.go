package publish_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/publish"
)

func TestThePagesAndPlotsShowTheStoredResults(t *testing.T) {
	t.Parallel()
	require.NoError(t, publish.Check("../.."), "measure again with the command of the section, or go run ./publish")
}
