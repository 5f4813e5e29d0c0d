// Package tokenstore keeps tokens beyond the life of a process: in a directory of this machine
// ([Dir]), or in a [Backend] that a fleet shares, such as Redis (module integrations/redisstore). A
// program that starts during an outage can then use the token of its predecessor, or of another
// instance.
//
//	store, err := tokenstore.New(tokenstore.Dir("/var/lib/orders/tokens"), key)
//	…
//	client, err := aztoken.NewClient(&aztoken.Options{ID: id, Store: store})
//
// A Store seals what it saves with AES-256-GCM. The backend sees neither tokens nor the identity
// and resource of an entry: names are HMACs. Anyone with access to the backend and a key can read
// the tokens, so use one key per identity. docs/store.md describes keys, their rotation, and what
// to do when one leaks.
package tokenstore
