package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// maxAssertion is far above a service account's token, which is 1 to 2 KiB, and a managed
// identity's.
const maxAssertion = 64 << 10

// assertionFile is the path of the file with the token of a pod's service account.
type assertionFile string

// read reads the token. The kubelet replaces it within the hour, so it is read for each exchange.
// It may be missing or empty for a moment while the volume is mounted or written.
func (file assertionFile) read() (string, error) {
	assertion, err := readWord(os.OpenFile, string(file), maxAssertion)
	if err != nil {
		return "", &wire.Failure{
			Err:    fmt.Errorf("%s: %w", file.describe(), withoutPath(err)),
			Retry:  errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotWord),
			Advice: "check $AZURE_FEDERATED_TOKEN_FILE and the volume that the workload identity webhook mounts",
		}
	}
	return assertion, nil
}

// describe names the file, with its age: an old one is not being renewed by the kubelet.
func (file assertionFile) describe() string {
	info, err := os.Stat(string(file))
	if err != nil {
		return "the federated token file " + string(file)
	}
	return fmt.Sprintf("the federated token file %s, written %s ago", file, max(0, time.Since(info.ModTime())).Round(time.Second))
}
