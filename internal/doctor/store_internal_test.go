package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

func TestJudgeStore(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	entry := func(saved, expires time.Duration, err error) tokenstore.InspectedEntry {
		return tokenstore.InspectedEntry{Name: "ab12", Saved: now.Add(-saved), Expires: now.Add(expires), Err: err}
	}
	bad := fmt.Errorf("%w: it is damaged", tokenstore.ErrUnreadable)
	for name, tc := range map[string]struct {
		found  tokenstore.Inspection
		err    error
		status Status
		detail []string
		fix    string
	}{
		"nothing saved yet": {
			found: tokenstore.Inspection{Binding: "this is a container (/.dockerenv)", OwnKey: true}, err: tokenstore.ErrNotFound,
			status: OK, detail: []string{"nothing saved in /t yet", "not bound to this machine (this is a container (/.dockerenv))"},
		},
		"an empty directory": {status: OK, detail: []string{"0 tokens in /t"}},
		"a good token": {
			found:  tokenstore.Inspection{Bound: true, Binding: "/etc/machine-id", Entries: []tokenstore.InspectedEntry{entry(3*time.Minute, 23*time.Hour, nil)}},
			status: OK, detail: []string{"1 token in /t: 1 valid; the newest was saved 3m ago and is valid for 23h", "bound to this machine by /etc/machine-id"},
		},
		"a good one and others": {
			found: tokenstore.Inspection{Entries: []tokenstore.InspectedEntry{
				entry(time.Minute, 2*time.Hour, nil), entry(time.Hour, 5*time.Hour, nil), entry(24*time.Hour, -time.Hour, nil), entry(0, 0, bad),
			}},
			status: OK, detail: []string{"4 tokens in /t: 2 valid, 1 expired, 1 unreadable", "it is damaged", "saved 1h ago and is valid for 5h"},
		},
		"only what cannot be opened": {
			found:  tokenstore.Inspection{Entries: []tokenstore.InspectedEntry{entry(0, time.Hour, bad)}},
			status: Failed, detail: []string{"0 valid, 1 unreadable"}, fix: "--store-key",
		},
		"only what has ended": {
			found:  tokenstore.Inspection{Entries: []tokenstore.InspectedEntry{entry(30*time.Hour, -6*time.Hour, nil)}},
			status: Failed, detail: []string{"0 valid, 1 expired"}, fix: "is running",
		},
		"a network file system with its own key": {
			found:  tokenstore.Inspection{FileSystem: "nfs", OwnKey: true, Entries: []tokenstore.InspectedEntry{entry(0, time.Hour, nil)}},
			status: OK, detail: []string{"network file system (nfs)", "its key is in the directory"},
		},
		"a directory of somebody else": {
			err: errors.New("tokenstore: /t: it belongs to user 0 and not to user 1000"), status: Failed, detail: []string{"belongs to user 0"}, fix: "do what the message says",
		},
		"a file system that hangs": {
			err: fmt.Errorf("no answer: %w", context.DeadlineExceeded), status: Failed, detail: []string{"no answer"}, fix: "hangs",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.found.Path = "/t"
			c := judgeStore(tc.found, tc.err, now)
			require.Equal(t, storeCheck, c.Name)
			require.Equal(t, tc.status, c.Status, c.Detail)
			for _, want := range tc.detail {
				require.Contains(t, c.Detail, want)
			}
			require.Equal(t, tc.found.OwnKey && len(tc.found.Entries) > 0, strings.Contains(c.Detail, "its key is in the directory"))
			require.Contains(t, c.Fix, tc.fix)
			require.Equal(t, tc.status == Failed, c.Fix != "")
		})
	}
}
