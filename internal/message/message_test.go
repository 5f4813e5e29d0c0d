package message_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/message"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		facts  []string
		advice string
		want   string
	}{
		{"facts and advice", []string{"no token", "400 Bad Request"}, "check the resource", "no token: 400 Bad Request; check the resource"},
		{"a full stop before the advice", []string{"wrong tenant."}, "check it", "wrong tenant; check it"},
		{"a full stop between facts", []string{"Bad.", "Request. "}, "", "Bad: Request"},
		{"a full stop inside stays", []string{"One. Two."}, "do. this.", "One. Two; do. this"},
		{"empty parts", []string{"", "a", " ", "b", "."}, "", "a: b"},
		{"no advice", []string{"a"}, "", "a"},
		{"advice alone", nil, "do this", "do this"},
		{"nothing", nil, "", ""},
		{"a cut text keeps its ellipsis", []string{"too lon…", "and so on..."}, "read it", "too lon…: and so on...; read it"},
		{"a colon or semicolon at the end", []string{"error:", "code;"}, "see", "error: code; see"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, message.Join(tc.facts, tc.advice))
		})
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{0: "", 404: "404 Not Found", 799: "799"} {
		require.Equal(t, want, message.Status(code))
	}
}
