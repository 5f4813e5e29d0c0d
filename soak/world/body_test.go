package world

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestObservedBody(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		from    io.Reader
		read    bool
		want    string
		wantErr error
	}{
		"that is read to its end": {strings.NewReader("token"), true, "token", nil},
		"that breaks off":         {io.MultiReader(strings.NewReader("to"), iotest.ErrReader(errReset)), true, "to", errReset},
		"that is not read":        {strings.NewReader("token"), false, "", errUnread},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reports := 0
			body := &observedBody{ReadCloser: io.NopCloser(tc.from), done: func(got []byte, err error) {
				reports++
				require.Equal(t, tc.want, string(got))
				require.ErrorIs(t, err, tc.wantErr)
			}}
			if tc.read {
				_, _ = io.ReadAll(body)
			}
			require.NoError(t, body.Close())
			require.Equal(t, 1, reports)
		})
	}
}
