package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

func TestValue(t *testing.T) {
	t.Parallel()
	type holder struct {
		name   string
		hidden secret.Text
		header secret.Value[[]string]
	}
	const word = "the-secret-word"
	h := holder{"name", secret.New(word), secret.New([]string{"Bearer " + word})}

	t.Run("reveals what it holds", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, word, h.hidden.Reveal())
		require.Equal(t, []string{"Bearer " + word}, h.header.Reveal())
		require.Empty(t, secret.Text{}.Reveal())
		require.Nil(t, secret.Value[error]{}.Reveal())
	})
	t.Run("is printed by nothing", func(t *testing.T) {
		t.Parallel()
		var logged bytes.Buffer
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("here", "secret", h.hidden)
		marshalled, err := json.Marshal(map[string]any{"secret": h.hidden, "header": h.header})
		require.NoError(t, err)
		printed := logged.String() + string(marshalled) + h.hidden.String()
		_ = assert.Equal(diff{&printed}, h, holder{}) // what the log of a failed test shows
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			printed += fmt.Sprintf(verb, h) + fmt.Sprintf(verb, h.hidden) + fmt.Sprintf(verb, &h)
		}
		require.NotContains(t, printed, word)
		require.NotContains(t, printed, fmt.Sprintf("%x", word))
		require.Contains(t, printed, "REDACTED")
	})
}

// diff is an assert.TestingT that keeps what a failed assertion prints.
type diff struct{ printed *string }

func (d diff) Errorf(format string, args ...any) { *d.printed += fmt.Sprintf(format, args...) }
