package pages

import (
	"fmt"
	"regexp"
	"strings"
)

// A Sentence is a sentence of a page.
type Sentence struct {
	Page  string
	Line  int // of the paragraph that it is in
	Words int
	Text  string
}

func (s Sentence) String() string {
	return fmt.Sprintf("%s:%d: %d words: %s", s.Page, s.Line, s.Words, s.Text)
}

var (
	item = regexp.MustCompile(`^ *(?:[*+-]|\d+\.) +`)
	// ends of sentences: not the points in v1.2, 24.5 or e.g.
	ends = regexp.MustCompile(`[.!?:;]["')*]*(?:\s+|$)`)
	// quoted text is one word, however long.
	address = regexp.MustCompile(`\]\([^)]*\)`)
)

// Sentences returns those of the paragraphs and lists of p, without tables. A colon or a semicolon
// ends one too, because a reader can pause there.
func (p Page) Sentences() (all []Sentence) {
	var paragraph []string
	begin := 0
	end := func() {
		text := address.ReplaceAllString(code.ReplaceAllString(strings.Join(paragraph, " "), "code"), "]")
		for _, s := range ends.Split(text, -1) {
			if n := len(strings.Fields(s)); n > 0 {
				all = append(all, Sentence{p.Name, begin, n, strings.TrimSpace(s)})
			}
		}
		paragraph = nil
	}
	for i, line := range p.prose() {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "", strings.HasPrefix(trimmed, "|"), strings.HasPrefix(trimmed, "#"), strings.HasPrefix(trimmed, "<"):
			end()
		case item.MatchString(line):
			end()
			paragraph, begin = []string{item.ReplaceAllString(line, "")}, i+1
		default:
			if paragraph == nil {
				begin = i + 1
			}
			paragraph = append(paragraph, trimmed)
		}
	}
	end()
	return all
}
