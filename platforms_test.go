package aztoken_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// Every host that the fake simulates has a row in platforms. Otherwise the tests of every host
// would not try it.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	srv := imdstest.New(&imdstest.Options{ArcKeyDir: t.TempDir()})
	t.Cleanup(srv.Close)
	fake := reflect.ValueOf(srv)
	for i := range fake.NumMethod() {
		environment, ok := fake.Method(i).Interface().(func() imdstest.Environment)
		if !ok {
			continue
		}
		played := environment()
		require.True(t, slices.ContainsFunc(platforms, func(p platform) bool { return reflect.DeepEqual(p.on(srv), played) }),
			"Server.%s has no row", fake.Type().Method(i).Name)
	}
}
