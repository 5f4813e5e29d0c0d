package verify

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/stretchr/testify/require"
)

func TestAnObjectIsReadToTheLetter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                           "",
		` { } `:                        "",
		`{"a":1}`:                      "a=1;",
		"{\t\"a\" :\r\n1 , \"b\":2\n}": "a=1;b=2;",
		`{"a":"b","c":[1,{"d":"}]"},"x,y"],"e":{"f":[],"g":"\"]}"},"h":null,"i":-1.5e3,"j":true}`: `a="b";c=[1,{"d":"}]"},"x,y"];e={"f":[],"g":"\"]}"};h=null;i=-1.5e3;j=true;`,
		`{"\u0061":1}`:           "a=1;",
		`{"":1}`:                 "=1;",
		`{"a":"\\"}`:             `a="\\";`,
		`{"roleſ":[],"roles":1}`: "roleſ=[];roles=1;",
		"{\"\u212a\":1,\"k\":2}": "\u212a=1;k=2;", // the sign for kelvin
		`{"a":{"a":1,"A":2}}`:    `a={"a":1,"A":2};`,
	} {
		var got strings.Builder
		err := readObject(text, func(name, value string) { fmt.Fprintf(&got, "%s=%s;", name, value) })
		require.NoError(t, err, text)
		require.Equal(t, want, got.String(), text)
	}
}

func TestWhatReadersUnderstandDifferentlyIsNoObject(t *testing.T) {
	t.Parallel()
	many := "{"
	for i := range maxMembers {
		many += fmt.Sprintf(`"%d":0,`, i)
	}
	require.NoError(t, readObject(many[:len(many)-1]+"}", func(_, _ string) {}))
	for text, want := range map[string]error{
		"{\"a\":\"\xff\"}": errNotUTF8, "{\"\xed\xa0\x80\":1}": errNotUTF8,
		``: errNotObject, ` `: errNotObject, `null`: errNotObject, `[]`: errNotObject, `"a"`: errNotObject, `1`: errNotObject, `{`: errNotObject,
		`{"a":1}{"a":1}`: errNotObject, `{"a":1} x`: errNotObject, `{"a":1,}`: errNotObject, `{a:1}`: errNotObject, "\ufeff{}": errNotObject,
		`{"a":1,"a":1}`: errTwice, `{"a":1,"\u0061":1}`: errTwice, `{"tid":1,"TID":1}`: errTwice, `{"ROLES":1,"x":0,"roles":1}`: errTwice,
		many + `"more":0}`: errTooMany,
	} {
		require.ErrorIs(t, readObject(text, func(_, _ string) {}), want, text)
	}
}

func TestValuesAreOfTheirType(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{`"a"`: "a", `""`: "", `"\n"`: "\n", `"é"`: "é", `"\ud83d\ude00"`: "😀"} {
		got, ok := unquote(value)
		require.True(t, ok, value)
		require.Equal(t, want, got)
	}
	for _, value := range []string{`1`, `null`, `["a"]`, `{}`, `true`} {
		_, ok := unquote(value)
		require.False(t, ok, value)
	}
	all, ok := unquoteAll(`["a","b"]`)
	require.True(t, ok)
	require.Equal(t, []string{"a", "b"}, all)
	for _, value := range []string{`"a"`, `null`, `[null]`, `["a",1]`, `[["a"]]`, `{}`} {
		_, ok := unquoteAll(value)
		require.False(t, ok, value)
	}
	for _, value := range []string{`"1"`, `null`, `[1]`, `true`, `1e999`} {
		_, ok := number(value)
		require.False(t, ok, value)
	}
}

// FuzzReadObject holds the walk against go-jose's decoder, which is as strict but for the case of
// names.
func FuzzReadObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"b":[{"c":"}"}],"d":"\\\""}`, `{"a":1,"A":2}`, `{"a":1}{}`, `null`, "{\"\xff\":\"\\ud800\"}", `{"a":{"b":1,"b":2}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := map[string]string{}
		err := readObject(string(text), func(name, value string) { got[name] = value })
		var want map[string]json.RawMessage
		reference := json.Unmarshal(text, &want)
		if err != nil {
			folded := map[string]bool{}
			for name := range want {
				folded[lowerASCII(name)] = true
			}
			require.True(t, reference != nil || want == nil || len(folded) < len(want) || len(want) > maxMembers || !utf8.Valid(text), "refused without need: %v", err)
			return
		}
		require.NoError(t, reference)
		require.Len(t, got, len(want))
		for name, value := range want {
			require.Equal(t, string(value), got[name])
			var asString string
			if value[0] == '"' && json.Unmarshal(value, &asString) == nil {
				unquoted, ok := unquote(got[name])
				require.True(t, ok)
				require.Equal(t, asString, unquoted)
			}
		}
	})
}
