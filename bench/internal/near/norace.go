//go:build !race

package near

const Raced = false
