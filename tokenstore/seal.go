package tokenstore

import (
	"fmt"
)

// A blob is
//
//	version (1 byte) | key id (8 bytes) | nonce (12 bytes) | ciphertext and tag
//
// and the additional data are version, key id, name and place. A blob that was changed, renamed or
// carried to another machine does not open.
const headerSize = 1 + idSize

// header returns the clear part of a blob that k seals.
func (k key) header() []byte { return append([]byte{version}, k.id[:]...) }

// additional returns the additional data of a blob.
func additional(header []byte, name, place string) []byte {
	return parts("aztoken tokenstore blob", string(header), name, place)
}

// seal returns the blob of plaintext for name in place.
func (k key) seal(name, place string, plaintext []byte) ([]byte, error) {
	if size := headerSize + k.aead.Overhead() + len(plaintext); size > MaxBlob {
		return nil, fmt.Errorf("tokenstore: a blob of %d bytes is too large: the limit is %d", size, MaxBlob)
	}
	header := k.header()
	return k.aead.Seal(header, nil, plaintext, additional(header, name, place)), nil
}

// open returns the plaintext of a blob that was found under name in place. An error wraps
// [ErrUnreadable].
func (r keyring) open(name, place string, blob []byte) ([]byte, error) {
	if len(blob) > MaxBlob {
		return nil, fmt.Errorf("%w: it is larger than %d bytes", ErrUnreadable, MaxBlob)
	}
	if len(blob) < headerSize {
		return nil, fmt.Errorf("%w: it is cut off", ErrUnreadable)
	}
	header := blob[:headerSize]
	if header[0] != version {
		return nil, fmt.Errorf("%w: its format is %d, not %d", ErrUnreadable, header[0], version)
	}
	k, ok := r.find([idSize]byte(header[1:]))
	if !ok {
		return nil, fmt.Errorf("%w: it is sealed with a key that is not in the list", ErrUnreadable)
	}
	plaintext, err := k.aead.Open(nil, nil, blob[headerSize:], additional(header, name, place))
	if err != nil {
		return nil, fmt.Errorf("%w: it is damaged, or copied from another name or machine", ErrUnreadable)
	}
	return plaintext, nil
}
