// Package goldenfile reads the files in testdata that tests compare their results with. Tests that
// import it have the flag -update, which rewrites these files.
package goldenfile

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// Content returns the content of testdata/NAME.golden. With -update it writes text there first.
func Content(tb testing.TB, name, text string) string {
	tb.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		tb.Fatalf("%v; go test -update writes it", err)
	}
	return string(want)
}
