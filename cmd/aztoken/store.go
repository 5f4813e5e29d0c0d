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
		return tokenstore.New(tokenstore.Dir(s.dir))
	}
	key, err := os.ReadFile(s.keyFile)
	if err != nil {
		return nil, fmt.Errorf("aztoken: --store-key: %w", err)
	}
	return tokenstore.New(tokenstore.Dir(s.dir), key)
}
