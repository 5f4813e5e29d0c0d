//go:build !unix

package envfile

import "io/fs"

// isOwn reports false: where a file's owner is not to be seen, each start makes a secret of its
// own.
func isOwn(fs.FileInfo) bool { return false }
