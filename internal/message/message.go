// Package message joins the parts of an error's text.
package message

import "strings"

// Join returns facts joined by colons, and the advice after a semicolon. Empty parts are left out.
// What others wrote may end in a full stop, which is taken off: "…the tenant.; check…" reads as a
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

// trim takes off the blanks around a part and the punctuation that would meet that of Join. An
// ellipsis stays: it says that a text was cut.
func trim(part string) string {
	part = strings.TrimSpace(part)
	if strings.HasSuffix(part, "...") {
		return part
	}
	return strings.TrimRight(part, ".;:, \t\r\n")
}
