package tokenstore_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// A directory with a key from elsewhere, such as a credential of systemd.
func Example() {
	path, err := os.MkdirTemp("", "tokens")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(path)
	key := make([]byte, tokenstore.KeySize)
	_, _ = rand.Read(key) // in a service: os.ReadFile(os.Getenv("CREDENTIALS_DIRECTORY") + "/tokens.key")

	store, err := tokenstore.New(tokenstore.Dir(path), key)
	if err != nil {
		panic(err)
	}
	// client, err := aztoken.NewClient(&aztoken.Options{Store: store})
	fmt.Println("other machines use the same entries:", store.Shared())
	// Output:
	// other machines use the same entries: false
}

// Keys come in the order in which they are used: the first seals, and all of them open.
func ExampleNew() {
	former, latter := []byte(strings.Repeat("1", 32)), []byte(strings.Repeat("2", 32))

	for _, keys := range [][][]byte{
		{former},
		{former, latter}, // everywhere, before anything is sealed with the new key
		{latter, former}, // everywhere, for a day
		{latter},
		{latter[:16]},
		nil,
	} {
		_, err := tokenstore.New(&memory{}, keys...)
		fmt.Println(len(keys), err)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 2 <nil>
	// 1 <nil>
	// 1 tokenstore: key 1 of 1: it has 16 bytes; a key has 32, such as those of `openssl rand 32`
	// 0 tokenstore: a shared backend needs a key: pass the same 32 random bytes in every program that shares it
}

// A directory without a key makes one of its own, at the first save.
func ExampleDir() {
	path, err := os.MkdirTemp("", "tokens")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(path)
	store, err := tokenstore.New(tokenstore.Dir(path))
	if err != nil {
		panic(err)
	}
	found, err := store.Inspect(context.Background())
	fmt.Println("the key is beside the entries:", found.OwnKey)
	fmt.Println(err)
	// Output:
	// the key is beside the entries: true
	// tokenstore: no such entry
}
