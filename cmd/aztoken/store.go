package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// storage is where tokens are kept between calls, by flags.
type storage struct {
	dir, keyFile string

	storeChanged func(flag string) bool
}

func (s *storage) addStoreFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.dir, "store", "", "a directory for sealed tokens, so that the next call has one in an outage")
	f.StringVar(&s.keyFile, "store-key", "", "a file with the 32-byte key of --store (default: one in the directory)")
	s.storeChanged = f.Changed
	completeFiles(cmd, "store")
	completeFiles(cmd, "store-key")
}

// open returns the store of the flags, nil for none.
func (s *storage) open() (*tokenstore.Store, error) {
	switch {
	case s.storeChanged("store") && s.dir == "":
		return nil, usage("aztoken: --store is empty; set it to a directory, such as /var/lib/orders/tokens, or omit it")
	case s.storeChanged("store-key") && s.dir == "":
		return nil, usage("aztoken: --store-key is for --store")
	case s.dir == "":
		return nil, nil
	case !s.storeChanged("store-key"):
		return openStore(s.dir, nil)
	}
	return openStore(s.dir, []string{s.keyFile})
}

// openStore returns the store in a directory, with the keys in files. Without any, the key is in
// the directory.
func openStore(dir string, keyFiles []string) (*tokenstore.Store, error) {
	var keys [][]byte
	for _, name := range keyFiles {
		key, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("aztoken: the key of --store: %w", err)
		}
		keys = append(keys, key)
	}
	return tokenstore.New(tokenstore.Dir(dir), keys...)
}
