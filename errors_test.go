package aztoken_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestError(t *testing.T) {
	t.Parallel()
	t.Run("has the sentinel and the advice", func(t *testing.T) {
		t.Parallel()
		two := []imdstest.Identity{{ClientID: "c0000000-0000-4000-8000-00000000000a"}, {ClientID: "c0000000-0000-4000-8000-00000000000b"}}
		for _, tc := range []struct {
			name     string
			imds     imdstest.Options
			id       aztoken.ID
			status   int
			code     string
			sentinel error
			advice   string
		}{
			{"none assigned", imdstest.Options{Identities: []imdstest.Identity{}}, nil, 400, "invalid_request", aztoken.ErrIdentityNotFound, "assign the identity"},
			{"another one", imdstest.Options{}, aztoken.ClientID("c0000000-0000-4000-8000-0000000000ff"), 400, "invalid_request", aztoken.ErrIdentityNotFound, "correct Options.ID"},
			{"several", imdstest.Options{Identities: two}, nil, 400, "invalid_request", aztoken.ErrIdentityAmbiguous, "set Options.ID"},
			{"unknown resource", imdstest.Options{Resources: []string{"https://vault.azure.net"}}, nil, 400, "invalid_resource", nil, "check the resource"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				c := over(t, imdstest.New(&tc.imds), aztoken.Options{ID: tc.id})
				_, err := c.Token(t.Context(), resource)
				var e *aztoken.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, tc.status, e.StatusCode)
				require.Equal(t, tc.code, e.Code)
				require.NotEmpty(t, e.Description)
				if tc.sentinel != nil {
					require.ErrorIs(t, err, tc.sentinel)
				}
				require.ErrorContains(t, err, tc.advice)
			})
		}
	})
}
