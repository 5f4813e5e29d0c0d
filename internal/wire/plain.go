package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is enough for an AADSTS message with names of applications and tenants, up to the ids and
// the timestamp at its end. A page of HTML does not deserve more.
const maxText = 800

// Plain returns foreign text in a form that is safe in an error message: one line, short,
// printable, and without anything that looks like a token, which a confused or hostile endpoint may
// echo.
func Plain(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, text)
	text = Redact(strings.Join(strings.Fields(text), " "))
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// redacted replaces a secret in a text.
const redacted = "REDACTED"

// redactJWT cuts a word where a JWT begins: every JWS and JWE header is a JSON object, so its
// base64 starts with "eyJ".
func redactJWT(word string) string {
	const minJWT = 20 // shorter runs are words, not tokens
	if at := strings.Index(word, "eyJ"); at >= 0 && len(word)-at >= minJWT {
		return word[:at] + redacted
	}
	return word
}

// Redact removes what looks like a token from a message that quotes foreign errors.
func Redact(message string) string {
	if !strings.Contains(message, "eyJ") {
		return message
	}
	words := strings.Split(message, " ")
	for i, w := range words {
		words[i] = redactJWT(w)
	}
	return strings.Join(words, " ")
}
