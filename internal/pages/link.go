package pages

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// A Link is a link or a picture on a page.
type Link struct {
	Page   string
	Line   int
	Target string
}

// Where is the place of l for a message.
func (l Link) Where() string { return fmt.Sprintf("%s:%d", l.Page, l.Line) }

var (
	link     = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	source   = regexp.MustCompile(`(?:src|srcset|href)="([^"]+)"`)
	code     = regexp.MustCompile("`[^`]*`")
	heading  = regexp.MustCompile(`^#{1,6} +(.*?) *#*$`)
	linkText = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// Links returns the links and pictures of p, including those in HTML.
func (p Page) Links() (all []Link) {
	for i, line := range p.prose() {
		line = code.ReplaceAllString(line, "")
		for _, form := range []*regexp.Regexp{link, source} {
			for _, found := range form.FindAllStringSubmatch(line, -1) {
				all = append(all, Link{p.Name, i + 1, found[1]})
			}
		}
	}
	return all
}

// Anchors returns the anchors of the headings of p, as GitHub makes them.
func (p Page) Anchors() map[string]bool {
	all := make(map[string]bool)
	for _, line := range p.prose() {
		found := heading.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		anchor := Anchor(found[1])
		for n, first := 1, anchor; all[anchor]; n++ {
			anchor = fmt.Sprint(first, "-", n)
		}
		all[anchor] = true
	}
	return all
}

// Anchor returns the anchor of a heading, if no other heading has the same text.
func Anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(linkText.ReplaceAllString(heading, "$1")) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}
