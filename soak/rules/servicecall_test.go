package rules_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

func TestServiceCall(t *testing.T) {
	t.Parallel()
	held := rules.TokenCall{Start: noon, End: noon, InHand: true}
	late := rules.TokenCall{Start: noon, End: after(time.Second), InHand: true}
	for name, tc := range map[string]struct {
		call rules.ServiceCall
		want []rules.Rule
	}{
		"an answer": {rules.ServiceCall{Token: held, End: after(time.Second), Remote: time.Second, Status: 200}, nil},
		"a wait before the request": {
			rules.ServiceCall{Token: late, End: after(time.Second), Status: 200}, []rules.Rule{rules.NoWait},
		},
		"a wait after the answer": {rules.ServiceCall{Token: held, End: after(1), Status: 200}, []rules.Rule{rules.NoWait}},
		"a wait for another token": {
			rules.ServiceCall{Token: held, End: after(10 * time.Second), Rejected: true, Status: 401}, nil,
		},
		"a longer one": {
			rules.ServiceCall{Token: held, End: after(10*time.Second + 1), Rejected: true, Status: 401}, []rules.Rule{rules.NoWait},
		},
		"no token, though one is in hand": {
			rules.ServiceCall{Token: held, NoToken: true, End: noon, Err: errNoToken}, []rules.Rule{rules.NoFailure},
		},
		"a failure without a fault": {rules.ServiceCall{Token: held, End: noon, Err: errNoToken}, []rules.Rule{rules.NoRiddle}},
		"a broken connection":       {rules.ServiceCall{Token: held, End: noon, Err: errNoToken, Excused: true}, nil},
		"an error that shows a token": {
			rules.ServiceCall{Token: held, End: noon, Err: errors.New("eyJhbGciOi"), Excused: true}, []rules.Rule{rules.NoSecret},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, broken(tc.call.Findings()))
		})
	}
}
