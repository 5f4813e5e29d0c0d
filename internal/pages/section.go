package pages

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// A section of a page is the text between two marker lines, which a program writes:
//
//	<!-- name: begin -->
//	<!-- name: end -->
var sectionBegin = regexp.MustCompile(`(?m)^<!-- ([a-z0-9-]+): begin -->\n`)

func sectionEnd(name string) string { return "<!-- " + name + ": end -->\n" }

// Sections returns the texts of the sections of p by name. A section without an end, or two of the
// same name, is an error.
func (p Page) Sections() (map[string]string, error) {
	all := make(map[string]string)
	for _, at := range sectionBegin.FindAllStringSubmatchIndex(p.Text, -1) {
		name := p.Text[at[2]:at[3]]
		text, _, ends := strings.Cut(p.Text[at[1]:], sectionEnd(name))
		if _, twice := all[name]; twice || !ends || sectionBegin.MatchString(text) {
			return nil, fmt.Errorf("pages: %s: the section %q is there twice, or does not end with the line %q", p.Name, name, sectionEnd(name))
		}
		all[name] = text
	}
	return all, nil
}

// With returns the text of p with another text in one of its sections.
func (p Page) With(name, text string) (string, error) {
	sections, err := p.Sections()
	if err != nil {
		return "", err
	}
	if _, there := sections[name]; !there {
		return "", fmt.Errorf("pages: %s has no section %q; write the lines \"<!-- %[2]s: begin -->\" and \"<!-- %[2]s: end -->\" where it belongs", p.Name, name)
	}
	head, rest, _ := strings.Cut(p.Text, "<!-- "+name+": begin -->\n")
	_, tail, _ := strings.Cut(rest, sectionEnd(name))
	return head + "<!-- " + name + ": begin -->\n" + withEnd(text) + sectionEnd(name) + tail, nil
}

// withEnd returns text with one newline at its end.
func withEnd(text string) string { return strings.TrimRight(text, "\n") + "\n" }

// Replace puts text into the section of a Markdown file. Everything else stays as it is. A file
// without the section, or with two of them, is an error.
func Replace(file, name, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	replaced, err := New(file, string(old)).With(name, text)
	if err != nil || replaced == string(old) {
		return err
	}
	if err := os.WriteFile(file, []byte(replaced), 0o644); err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	return nil
}

// Differs returns nil if the section of a Markdown file has this text.
func Differs(file, name, text string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	replaced, err := New(file, string(content)).With(name, text)
	if err == nil && replaced != string(content) {
		err = fmt.Errorf("pages: the section %q of %s is not what the stored measurements say:\n%s", name, file, text)
	}
	return err
}
