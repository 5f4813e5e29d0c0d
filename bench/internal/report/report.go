// Package report puts what a program measured into a document, so that no figure is copied by hand.
package report

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// Replace puts text into the section called name of a Markdown file: what stands between the lines
//
//	<!-- name: begin -->
//	<!-- name: end -->
//
// Everything else stays as it is. A file without the section, or with two of it, is an error.
func Replace(file, name, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	begin, end := []byte("<!-- "+name+": begin -->\n"), []byte("<!-- "+name+": end -->\n")
	if bytes.Count(old, begin) != 1 || bytes.Count(old, end) != 1 || bytes.Index(old, end) < bytes.Index(old, begin) {
		return fmt.Errorf("report: %s has not one section %q; write the lines %q and %q where it belongs", file, name, begin, end)
	}
	head, rest, _ := bytes.Cut(old, begin)
	_, tail, _ := bytes.Cut(rest, end)
	var b bytes.Buffer
	for _, part := range [][]byte{head, begin, []byte(strings.TrimSuffix(text, "\n") + "\n"), end, tail} {
		b.Write(part)
	}
	if bytes.Equal(b.Bytes(), old) {
		return nil
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Table returns a Markdown table. The first column is aligned to the left and the others, of
// figures, to the right.
func Table(header []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(header)
	b.WriteString("|---|" + strings.Repeat("---:|", len(header)-1) + "\n")
	for _, row := range rows {
		line(row)
	}
	return b.String()
}

// Thousands writes a whole number in groups of three digits.
func Thousands(n float64) string {
	s := fmt.Sprintf("%.0f", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
