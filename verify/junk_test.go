package verify_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

// fill repeats an element until a document has a MiB.
func fill(head, element, tail string) string {
	n := (1<<20 - len(head) - len(tail)) / (len(element) + 1)
	return head + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + tail
}

func TestAKeyDocumentOfJunkCostsLittle(t *testing.T) {
	key := text("", first().jwk())
	for name, document := range map[string]string{
		"zeros": fill(`{"keys":[`, `0`, `]}`), "empty objects": fill(`{"keys":[`, `{}`, `]}`), "empty arrays": fill(`{"keys":[`, `[]`, `]}`), "empty strings": fill(`{"keys":[`, `""`, `]}`),
		"nulls": fill(`{"keys":[`, `null`, `]}`), "objects with a kid": fill(`{"keys":[`, `{"kid":"a"}`, `]}`), "escaped names": fill(`{"keys":[`, `{"\u006b\u0069\u0064":"\u0061"}`, `]}`),
		"one key of many members": fill(`{"keys":[{`, `"\u0061":0`, `}]}`), "operations": fill(`{"keys":[{"kid":"a","key_ops":[`, `"\u0061"`, `]}]}`), "empty operations": fill(`{"keys":[{"kid":"a","key_ops":[`, `""`, `]}]}`),
		"members": fill(`{`, `"a":0`, `}`), "many names": manyNames(), "keys of junk": fill(`{"keys":[`, `{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}`, `]}`),
		"a long modulus": fill(`{"keys":[{"kty":"RSA","kid":"a","e":"AQAB","n":"`, `____________`, `"}]}`), "the same key": fill(`{"keys":[`, key, `]}`),
		"brackets": `{"keys":[` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			require.LessOrEqual(t, len(document), 1<<20)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			_, _ = verify.ReadKeys([]byte(document))
			_ = verify.ReadDiscovery([]byte(document))
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(15<<20), "a fetch of 1 MiB may allocate 20, of which reading takes 5")
		})
	}
}

func manyNames() string {
	var b strings.Builder
	b.WriteString("{")
	for i := 0; b.Len() < 1<<20-20; i++ {
		fmt.Fprintf(&b, `"%x":0,`, i)
	}
	return strings.TrimSuffix(b.String(), ",") + "}"
}

func TestOfMoreThanAThousandKeysAThousandAreUsed(t *testing.T) {
	virtually(t, func(t *testing.T) {
		var keys []any
		for i := range 1500 {
			keys = append(keys, first().jwk(map[string]any{"kid": fmt.Sprint("key-", i)}))
		}
		entra := issue(keys...)
		v := warm(t, entra)
		require.Equal(t, 1000, v.KeysHeld())
		accept(t, v, mint(head("kid", "key-0")))
		entra.publish(keys[500:]...)
		time.Sleep(2 * time.Hour)
		require.Equal(t, 1000, v.KeysHeld())
		accept(t, v, mint(head("kid", "key-1400")))
	})
}
