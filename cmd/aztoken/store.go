package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// storage is where tokens outlive the command, by flags.
type storage struct {
	dir, keyFile string

	storeGiven func(flag string) bool
}

func (s *storage) addStoreFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.dir, "store", "", "a directory where sealed tokens are kept, so that the next call has one in an outage")
	f.StringVar(&s.keyFile, "store-key", "", "a file with the 32 bytes of the key of --store (default: one that lies in the directory)")
	s.storeGiven = f.Changed
}

// open returns the store that the flags name, nil for none.
func (s *storage) open() (*tokenstore.Store, error) {
	switch {
	case s.storeGiven("store") && s.dir == "":
		return nil, usage("aztoken: --store is empty; give a directory, such as /var/lib/orders/tokens, or leave it out")
	case s.storeGiven("store-key") && s.dir == "":
		return nil, usage("aztoken: --store-key is for --store")
	case s.dir == "":
		return nil, nil
	case !s.storeGiven("store-key"):
		return openStore(s.dir, nil)
	}
	return openStore(s.dir, []string{s.keyFile})
}

// openStore returns the store in a directory, with the keys in files. Without any, a key lies in the directory.
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
