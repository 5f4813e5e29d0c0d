// Package pages reads the Markdown pages of this repository for the tests that check them: code
// blocks, links, and the sections that programs write. Names of pages are relative to the
// repository's root.
package pages

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Root returns the folder of the repository that has the working directory in it.
func Root() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "docs", "design.md")); missing == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			err = errors.New("pages: the working directory is not inside the repository")
		}
		dir = up
	}
	return "", err
}

// A Page is a Markdown file.
type Page struct {
	Name  string // from the root, with slashes
	Text  string
	Lines []string
}

// Users returns the pages that are for users of the library: README.md and those in docs.
func Users(root string) ([]Page, error) {
	names := []string{"README.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			var name string
			name, err = filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	slices.Sort(names[1:])
	var all []Page
	for _, name := range names {
		p, err := Read(root, name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// Read reads a page.
func Read(root, name string) (Page, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return Page{}, fmt.Errorf("pages: %w", err)
	}
	return New(name, string(text)), nil
}

// New returns the page of some name with this text.
func New(name, text string) Page {
	return Page{Name: name, Text: text, Lines: strings.Split(text, "\n")}
}
