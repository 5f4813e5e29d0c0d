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
	errFileTooLarge = errors.New("larger than such a file can be")
	errNotWord      = errors.New("not one word of printable ASCII")
)

// opener is os.OpenFile or that of an os.Root.
type opener func(name string, flag int, perm fs.FileMode) (*os.File, error)

// readFile reads a regular file of limit bytes at most.
func readFile(open opener, name string, limit int64) ([]byte, error) {
	// Without nonblock a FIFO of that name would block the program until a process writes to it.
	file, err := open(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errNotRegular
	}
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(content)) > limit:
		return nil, errFileTooLarge
	}
	return content, nil
}

// readWord reads a file that holds one secret and perhaps a line feed.
func readWord(open opener, name string, limit int64) (string, error) {
	content, err := readFile(open, name, limit)
	if err != nil {
		return "", err
	}
	return word(string(content))
}

// word returns text without the space around it. It must be one word.
func word(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		// In a header it would be split in two, or rejected with the secret in the error.
		return "", errNotWord
	}
	return text, nil
}

// withoutPath returns err without the path that it names.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
