// Package statusz shows the page of aztoken's package statusz to Chromium. It has nothing but tests.
package statusz
