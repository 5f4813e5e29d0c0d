// Package message joins the parts of an error's text.
package message

import (
	"net/http"
	"strconv"
	"strings"
)

// Join returns facts joined by colons, and the advice after a semicolon. Empty parts are left out.
// A foreign text may end in a period, which is removed: "…the tenant.; check…" looks like a
// mistake.
func Join(facts []string, advice string) string {
	kept := make([]string, 0, len(facts))
	for _, fact := range facts {
		if fact = trim(fact); fact != "" {
			kept = append(kept, fact)
		}
	}
	text := strings.Join(kept, ": ")
	switch advice = trim(advice); {
	case advice == "":
		return text
	case text == "":
		return advice
	}
	return text + "; " + advice
}

// Status returns an HTTP status with its text, "404 Not Found", and "" for 0.
func Status(code int) string {
	if code == 0 {
		return ""
	}
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// trim removes the spaces around a part and the punctuation that would meet that of Join. An
// ellipsis stays, as it shows that a text was cut.
func trim(part string) string {
	part = strings.TrimSpace(part)
	if strings.HasSuffix(part, "...") {
		return part
	}
	return strings.TrimRight(part, ".;:, \t\r\n")
}
