package pages

import (
	"fmt"
	"regexp"
	"strings"
)

// A Block is a fenced block of a page.
type Block struct {
	Page     string
	Line     int // of its first line of text, from 1
	Language string
	Text     string // without the indentation of a list
	// Mark is what the comment on the line before the block says: see Page.Blocks.
	Mark string
}

// Where is the place of b for a message.
func (b Block) Where() string { return fmt.Sprintf("%s:%d", b.Page, b.Line) }

var (
	fence = regexp.MustCompile("^( *)(```+)([a-z]*) *$")
	mark  = regexp.MustCompile(`^ *<!-- (.*) -->$`)
)

// Blocks returns the fenced blocks of p. A comment on the line before one is its mark:
//
//	<!-- checked by TestQuickstart -->
//	```text
func (p Page) Blocks() (all []Block, err error) {
	var open string // the fence that a block begins with, "": none is open
	var indent int
	var b Block
	var text strings.Builder
	for i, line := range p.Lines {
		found := fence.FindStringSubmatch(line)
		switch {
		case open == "" && found != nil:
			open, indent = found[2], len(found[1])
			b = Block{Page: p.Name, Line: i + 2, Language: found[3]}
			if i > 0 {
				if m := mark.FindStringSubmatch(p.Lines[i-1]); m != nil {
					b.Mark = m[1]
				}
			}
			text.Reset()
		case open != "" && found != nil && found[2] == open && found[3] == "":
			b.Text = text.String()
			all = append(all, b)
			open = ""
		case open != "":
			text.WriteString(line[min(indent, len(line)-len(strings.TrimLeft(line, " "))):] + "\n")
		}
	}
	if open != "" {
		return nil, fmt.Errorf("pages: %s: the block has no end", b.Where())
	}
	return all, nil
}

// prose returns the lines of p without its blocks and comments. Their lines are empty, so that the
// line numbers stay the same.
func (p Page) prose() []string {
	lines := make([]string, len(p.Lines))
	open, comment := "", false
	for i, line := range p.Lines {
		found := fence.FindStringSubmatch(line)
		switch {
		case open == "" && found != nil:
			open = found[2]
		case open != "" && found != nil && found[2] == open:
			open = ""
		case open == "":
			if comment || strings.HasPrefix(strings.TrimSpace(line), "<!--") {
				comment = !strings.Contains(line, "-->")
				continue
			}
			lines[i] = line
		}
	}
	return lines
}

// CheckedBy returns the blocks of the README and the docs whose mark says that the test called name
// checks them.
func CheckedBy(name string) (found []Block, err error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	users, err := Users(root)
	if err != nil {
		return nil, err
	}
	for _, p := range users {
		blocks, err := p.Blocks()
		if err != nil {
			return nil, err
		}
		for _, b := range blocks {
			if b.Mark == "checked by "+name {
				found = append(found, b)
			}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("pages: no block is marked as checked by %s; remove the test, or put <!-- checked by %[1]s --> before its block", name)
	}
	return found, nil
}
