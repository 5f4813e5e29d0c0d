// Package goldenfile has the files in testdata that tests compare their results with. A test that
// imports it has the flag -update, which writes the files anew.
package goldenfile

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the files of testdata anew")

// Content returns the content of the file testdata/NAME.golden, which with -update is text.
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
