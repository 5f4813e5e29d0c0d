package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is enough for an AADSTS message with names of applications and tenants, up to the ids and
// the timestamp at its end. A page of HTML is not worth more.
const maxText = 800

// Plain returns text from outside made fit for an error message: one line, short, printable, and
// without anything that looks like a token, which a confused or hostile endpoint may echo.
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

// redacted stands in a text for what is not told.
const redacted = "REDACTED"

// redactJWT cuts a word where a JWT begins: every JWS and JWE header is a JSON object and so starts
// "eyJ" in base64.
func redactJWT(word string) string {
	const minJWT = 20 // shorter runs are words, not tokens
	if at := strings.Index(word, "eyJ"); at >= 0 && len(word)-at >= minJWT {
		return word[:at] + redacted
	}
	return word
}

// Redact takes what looks like a token out of a message that quotes other people's errors.
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
