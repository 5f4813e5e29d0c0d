//go:build !linux || !amd64

package main

func newWallClock() (*wallClock, error) { return nil, errNoWallClock }
