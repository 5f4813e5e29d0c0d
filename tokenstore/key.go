package tokenstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

const (
	// KeySize is the size of a key in bytes.
	KeySize = 32

	// version is the format of names and blobs. A release that changes it still looks under the
	// names of the version before, and opens its blobs.
	version = 1

	idSize = 8 // enough to tell the few keys of a list apart
)

// key is a key of the list in the form that is used: nothing is sealed or named with the user's
// bytes themselves.
type key struct {
	id   [idSize]byte
	name []byte      // the HMAC key of names
	aead cipher.AEAD // with a random nonce that it puts before the ciphertext
}

// deriveKey derives a key from the user's bytes.
func deriveKey(user []byte) (key, error) {
	if len(user) != KeySize {
		return key{}, fmt.Errorf("it has %d bytes; a key has %d, such as those of `openssl rand 32`", len(user), KeySize)
	}
	derive := func(purpose string, size int) ([]byte, error) {
		return hkdf.Key(sha256.New, user, nil, fmt.Sprintf("aztoken tokenstore %d %s", version, purpose), size)
	}
	id, err := derive("key id", idSize)
	if err != nil {
		return key{}, err
	}
	name, err := derive("names", sha256.Size)
	if err != nil {
		return key{}, err
	}
	sealing, err := derive("seal", KeySize)
	if err != nil {
		return key{}, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return key{id: [idSize]byte(id), name: name, aead: aead}, err
}

// nameOf returns the name of e under k: a name reveals neither identity nor resource, and without
// the key a guess cannot be verified.
func (k key) nameOf(e Entry) string {
	mac := hmac.New(sha256.New, k.name)
	mac.Write([]byte{version})
	mac.Write(e.encode())
	return hex.EncodeToString(mac.Sum(nil))
}

// keyring is the list of keys. The first seals, all open.
type keyring []key

// newKeyring derives keys. An error has the position of a key, never the key.
func newKeyring(user [][]byte) (keyring, error) {
	ring := make(keyring, 0, len(user))
	for i, bytes := range user {
		k, err := deriveKey(bytes)
		if err != nil {
			return nil, fmt.Errorf("tokenstore: key %d of %d: %w", i+1, len(user), err)
		}
		if _, twice := ring.find(k.id); !twice { // otherwise each Load would ask for its name twice
			ring = append(ring, k)
		}
	}
	return ring, nil
}

// find returns the key that has id.
func (r keyring) find(id [idSize]byte) (key, bool) {
	for _, k := range r {
		if k.id == id {
			return k, true
		}
	}
	return key{}, false
}
