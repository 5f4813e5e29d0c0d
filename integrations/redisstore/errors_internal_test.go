package redisstore

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refusal is what a server said.
type refusal string

func (r refusal) Error() string { return string(r) }

func (refusal) RedisError() {}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"none":                       {nil, ""},
		"a replica":                  {refusal("READONLY You can't write against a read only replica."), "redisstore: save: redis refuses with READONLY: it is a replica; connect to the primary"},
		"a code without advice":      {refusal("BUSY a script"), "redisstore: save: redis refuses with BUSY"},
		"wrapped":                    {fmt.Errorf("dial: %w", refusal("LOADING it")), "redisstore: save: redis refuses with LOADING: it is not ready"},
		"arguments that it repeats":  {refusal("ERR unknown command `AUTH`, with args beginning with: `secret`"), "redisstore: save: redis refuses with ERR"},
		"an argument in place of it": {refusal("secret"), "redisstore: save: redis refuses with an error without a code"},
		"a long one":                 {refusal(strings.Repeat("S", 100)), "redisstore: save: redis refuses with an error without a code"},
		"an empty one":               {refusal(""), "redisstore: save: redis refuses with an error without a code"},
		"the network's":              {&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}, "redisstore: save: dial tcp: refused"},
	} {
		t.Run(name, func(t *testing.T) {
			got := failed("save", test.err)
			if test.want == "" {
				require.NoError(t, got)
				return
			}
			require.EqualError(t, got, test.want)
		})
	}
}
