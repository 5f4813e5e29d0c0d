package emitted_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestMain acts as the Azure CLI if the test binary is called az.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "az" {
		os.Exit(m.Run())
	}
	if err := az(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		os.Exit(1)
	}
}
