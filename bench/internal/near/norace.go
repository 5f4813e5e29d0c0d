//go:build !race

package near

const raced = false
