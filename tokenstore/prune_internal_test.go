package tokenstore

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatAFileIs(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("0a", 32)
	for file, want := range map[string]kind{
		name + ".entry":                        entryFile,
		name + ".lock":                         lockFile,
		"tmp-ABCDEFGHIJKLMNOPQRSTUVWXYZ":       temporaryFile,
		ownKeyFile:                             foreign,
		ownKeyLock:                             foreign,
		name:                                   foreign,
		name + ".entry.bak":                    foreign,
		"NOTES.entry":                          foreign,
		".entry":                               foreign,
		strings.Repeat("a", 129) + ".entry":    foreign,
		"lost+found":                           foreign,
		"..":                                   foreign,
		name + ".entry\x00":                    foreign,
		strings.ToUpper(name) + ".entry":       foreign,
		"ä" + name + ".entry":                  foreign,
		temporaryPrefix + name + ".entry":      temporaryFile,
		strings.Repeat("a", 128) + entrySuffix: entryFile,
	} {
		require.Equal(t, want, kindOf(file), file)
	}
}

func TestWhatHasNoMoreUse(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 10, 0, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const hour, second = time.Hour, time.Second
	for name, test := range map[string]struct {
		kind              kind
		expires, modified time.Time
		want              bool
	}{
		"an entry that lives":                          {entryFile, now.Add(hour), ago(hour), false},
		"an entry that has just ended":                 {entryFile, ago(second), ago(hour), false},
		"an entry that ended a day ago":                {entryFile, ago(24 * hour), ago(hour), false},
		"an entry that ended more than a day ago":      {entryFile, ago(24*hour + second), ago(hour), true},
		"an entry that lives, in a file from long ago": {entryFile, now.Add(hour), ago(1000 * hour), false},
		"an entry without an end":                      {entryFile, time.Time{}, ago(48 * hour), false},
		"an entry without an end, from two days ago":   {entryFile, time.Time{}, ago(48*hour + second), true},
		"an entry without an end, from the future":     {entryFile, time.Time{}, now.Add(hour), false},
		"a lock file of today":                         {lockFile, time.Time{}, ago(hour), false},
		"a lock file of last week":                     {lockFile, time.Time{}, ago(168 * hour), true},
		"a file that is being written":                 {temporaryFile, time.Time{}, ago(second), false},
		"a file that nobody writes any more":           {temporaryFile, time.Time{}, ago(hour + second), true},
		"a file of somebody else":                      {foreign, time.Time{}, ago(1000 * hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, outlived(test.kind, test.expires, test.modified, now))
		})
	}
}
