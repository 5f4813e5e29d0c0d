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
		return tokenstore.New(tokenstore.Dir(s.dir))
	}
	key, err := os.ReadFile(s.keyFile)
	if err != nil {
		return nil, fmt.Errorf("aztoken: --store-key: %w", err)
	}
	return tokenstore.New(tokenstore.Dir(s.dir), key)
}
