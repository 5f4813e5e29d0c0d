// Package statusz opens the page of aztoken's package statusz in Chromium. It has only tests.
package statusz
