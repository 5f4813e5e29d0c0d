package tokenstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

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
	// In a service: os.ReadFile(os.Getenv("CREDENTIALS_DIRECTORY") + "/tokens.key").
	_, _ = rand.Read(key)

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

// A directory without a key makes its own at the first save.
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

// How aztoken's client uses a store; programs pass theirs to aztoken.Options.
func ExampleStore() {
	path, err := os.MkdirTemp("", "tokens")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(path)
	store, err := tokenstore.New(tokenstore.Dir(path))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	entry := tokenstore.Entry{Host: "IMDS", Identity: "client id c0000000-0000-4000-8000-000000000001", Resource: "https://orders.example.com"}

	_, err = store.Load(ctx, entry)
	fmt.Println(errors.Is(err, tokenstore.ErrNotFound))

	// The lock lets one process ask for a token while the others wait.
	unlock, ok, err := store.Lock(ctx, entry, time.Minute)
	fmt.Println(ok, err)
	fmt.Println(store.Save(ctx, entry, []byte("a token"), time.Now().Add(24*time.Hour)))
	unlock()

	payloads, err := store.Load(ctx, entry)
	fmt.Printf("%q %v\n", payloads, err)
	fmt.Println(store.Locks(), store.Shared())
	// Output:
	// true
	// true <nil>
	// <nil>
	// ["a token"] <nil>
	// true false
}

// What aztoken doctor shows of a directory.
func ExampleStore_Inspect() {
	path, err := os.MkdirTemp("", "tokens")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(path)
	ctx := context.Background()
	entry := tokenstore.Entry{Host: "IMDS", Resource: "https://orders.example.com"}
	sealed, _ := tokenstore.New(tokenstore.Dir(path), []byte(strings.Repeat("1", 32)))
	if err := sealed.Save(ctx, entry, []byte("a token"), time.Now().Add(24*time.Hour)); err != nil {
		panic(err)
	}

	another, _ := tokenstore.New(tokenstore.Dir(path), []byte(strings.Repeat("2", 32)))
	for _, store := range []*tokenstore.Store{sealed, another} {
		found, err := store.Inspect(ctx)
		if err != nil {
			panic(err)
		}
		for _, e := range found.Entries {
			fmt.Println(time.Until(e.Expires).Round(time.Hour), e.Err)
		}
	}
	// Output:
	// 24h0m0s <nil>
	// 24h0m0s tokenstore: the entry cannot be opened; the next save replaces it: it is sealed with a key that is not in the list
}

// A custom Backend may have locks, or not.
func ExampleLocker() {
	_, ok := tokenstore.Dir("/var/lib/orders/tokens").(tokenstore.Locker)
	fmt.Println("a directory has locks:", ok)

	store, err := tokenstore.New(&memory{}, []byte(strings.Repeat("1", 32)))
	if err != nil {
		panic(err)
	}
	_, ok, err = store.Lock(context.Background(), tokenstore.Entry{Host: "IMDS"}, time.Minute)
	fmt.Println(ok, errors.Is(err, errors.ErrUnsupported)) // so that each client asks for itself
	// Output:
	// a directory has locks: true
	// false true
}
