package wire

import (
	"encoding/pem"
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
)

func TestRoots(t *testing.T) {
	t.Parallel()
	one, two := certificate.New().PEM(), certificate.New().PEM()
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("key")})
	type step struct {
		content []byte
		err     error
		changed bool
	}
	for name, tc := range map[string]struct {
		first []byte
		err   error
		want  error // of NewRoots
		then  []step
	}{
		"of one file":                     {first: one, then: []step{{one, nil, false}, {one, nil, false}}},
		"that are others later":           {first: one, then: []step{{two, nil, true}, {two, nil, false}, {append(one, two...), nil, true}}},
		"whose file is empty for a while": {first: one, then: []step{{nil, nil, false}, {[]byte("\n"), nil, false}, {two, nil, true}}},
		"or missing":                      {first: one, then: []step{{nil, fs.ErrNotExist, false}, {one, nil, false}}},
		"or damaged":                      {first: one, then: []step{{[]byte("garbage"), nil, false}, {key, nil, false}, {one, nil, false}}},
		"never there":                     {err: fs.ErrNotExist, want: fs.ErrNotExist},
		"empty from the start":            {first: []byte(" \n"), want: errNoRoots},
		"damaged from the start":          {first: []byte("garbage"), want: errBadRoots},
		"a key in place of a certificate": {first: key, want: errBadRoots},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := tc.first, tc.err
			roots, got := NewRoots(func() ([]byte, error) { return content, err })
			require.ErrorIs(t, got, tc.want)
			for i, s := range tc.then {
				content, err = s.content, s.err
				require.Equal(t, s.changed, roots.reload(), "step %d", i)
				require.NotNil(t, roots.current(), "step %d: the last good ones are kept", i)
			}
		})
	}
	require.False(t, (*Roots)(nil).reload())
	require.Nil(t, (*Roots)(nil).current(), "the system's")
	roots, err := NewRoots(func() ([]byte, error) { return nil, errors.New("no") })
	require.Error(t, err)
	require.Nil(t, roots.current())
}
