package hosts

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

var (
	errNotRegular   = errors.New("not a regular file")
	errFileTooLarge = errors.New("larger than any secret")
	errNotWord      = errors.New("not one word of printable ASCII")
)

// readWord reads a file that holds one secret and perhaps a line feed. open is os.OpenFile or that
// of an os.Root.
func readWord(open func(name string, flag int, perm fs.FileMode) (*os.File, error), name string, limit int64) (string, error) {
	// Without nonblock a FIFO of that name would block the program until somebody writes to it.
	file, err := open(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errNotRegular
	}
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return "", err
	case int64(len(content)) > limit:
		return "", errFileTooLarge
	}
	word := strings.TrimSpace(string(content))
	if word == "" || strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errNotWord // as a header it would be two, or be rejected with the secret in the error
	}
	return word, nil
}

// withoutPath returns err without the path that it names.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
