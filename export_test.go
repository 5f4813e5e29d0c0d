package aztoken

import "github.com/seed-ac726066/aztoken/internal/hosts"

// NewClientWithKeys is NewClient on a machine where the agent of Azure Arc has its keys in another
// directory: a test cannot write to the real one.
func NewClientWithKeys(opts *Options, keys string) (*Client, error) {
	return newClient(opts, hosts.ArcFiles{Keys: keys})
}
