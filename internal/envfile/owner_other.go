//go:build !unix

package envfile

import "io/fs"

// isOwn reports false: if the owner of a file is not visible, each start makes a new secret.
func isOwn(fs.FileInfo) bool { return false }
