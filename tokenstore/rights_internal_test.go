package tokenstore

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoMayUseADirectory(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rights  rights
		want    verdict
		refused string // "" if it is not
	}{
		"the user's own":                       {rights{1000, 1000, 0o700, false}, trusted, ""},
		"the user's own, with the key in it":   {rights{1000, 1000, 0o700, true}, trusted, ""},
		"of a group that inherits":             {rights{1000, 1000, 0o700 | fs.ModeSetgid, true}, trusted, ""},
		"somebody else's":                      {rights{1001, 1000, 0o700, false}, 0, "belongs to user 1001 and not to user 1000"},
		"somebody else's, for root":            {rights{1001, 0, 0o700, false}, 0, "belongs to user 1001 and not to user 0"},
		"root's":                               {rights{0, 1000, 0o700, false}, 0, "belongs to user 0"},
		"root's, and everybody's to write":     {rights{0, 1000, 0o777, false}, 0, "belongs to user 0"},
		"everybody's to write":                 {rights{1000, 1000, 0o777, false}, 0, "everybody can write"},
		"everybody's to write, sticky":         {rights{1000, 1000, 0o703 | fs.ModeSticky, false}, 0, "everybody can write"},
		"everybody's to read":                  {rights{1000, 1000, 0o755, false}, tightened, ""},
		"everybody's to read, with the key":    {rights{1000, 1000, 0o755, true}, tightened, ""},
		"fsGroup's, with the key elsewhere":    {rights{1000, 1000, 0o770 | fs.ModeSetgid, false}, tightened, ""},
		"fsGroup's, with the key in it":        {rights{1000, 1000, 0o770 | fs.ModeSetgid, true}, 0, "use a key from elsewhere"},
		"the group's to search, with the key":  {rights{1000, 1000, 0o710, true}, tightened, ""},
		"the group's to write, but not search": {rights{1000, 1000, 0o720, true}, 0, "its group can write"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.rights.judge()
			if test.refused != "" {
				require.ErrorContains(t, err, test.refused)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}
