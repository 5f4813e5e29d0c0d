package tokenstore

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"
)

// A file of a Dir is
//
//	format (4 bytes) | expiry in Unix seconds (8 bytes) | CRC-32 (4 bytes) | blob
//
// The expiry is outside the blob so that pruning needs no key. The CRC-32 is that of expiry and
// blob. It detects damage to the expiry; the blob is protected by its seal.
const (
	frameFormat = "AZT1"
	frameSize   = len(frameFormat) + 8 + 4
)

// frame returns the file of a blob.
func frame(expires time.Time, blob []byte) []byte {
	b := make([]byte, 0, frameSize+len(blob))
	b = append(b, frameFormat...)
	b = binary.BigEndian.AppendUint64(b, uint64(expires.Unix()))
	b = binary.BigEndian.AppendUint32(b, checksum(b[len(frameFormat):], blob))
	return append(b, blob...)
}

// unframe returns what a file holds. An error wraps [ErrUnreadable].
func unframe(file []byte) (expires time.Time, blob []byte, err error) {
	if len(file) < frameSize || string(file[:len(frameFormat)]) != frameFormat {
		return time.Time{}, nil, fmt.Errorf("%w: it is not a file of this format", ErrUnreadable)
	}
	end, sum, blob := file[len(frameFormat):frameSize-4], file[frameSize-4:frameSize], file[frameSize:]
	if binary.BigEndian.Uint32(sum) != checksum(end, blob) {
		return time.Time{}, nil, fmt.Errorf("%w: it is damaged", ErrUnreadable)
	}
	return time.Unix(int64(binary.BigEndian.Uint64(end)), 0), blob, nil
}

func checksum(expires, blob []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(expires), crc32.IEEETable, blob)
}
