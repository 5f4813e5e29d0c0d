package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/seed-ac726066/aztoken/internal/pages"
)

// resultFile has the saved summary, in the folder of this module. The sections of the pages are
// made from it.
const resultFile = "result.json"

// keep writes the summary to the file and into the pages. dir is the folder of this module.
func (s summary) keep(dir string) error {
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	sections, err := s.sections(dir)
	if err != nil {
		return err
	}
	errs := []error{os.WriteFile(filepath.Join(dir, resultFile), append(text, '\n'), 0o644)}
	for _, section := range sections {
		errs = append(errs, pages.Replace(section.file, section.name, section.text))
	}
	return errors.Join(errs...)
}

// stored returns the saved summary.
func stored(dir string) (s summary, err error) {
	text, err := os.ReadFile(filepath.Join(dir, resultFile))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

// section is the text of a section of a page.
type section struct{ file, name, text string }

// sections returns the table in the README of this module, and the sentence for each page of the
// repository that has a section for it.
func (s summary) sections(dir string) ([]section, error) {
	const sentence = "soak-years"
	all := []section{{filepath.Join(dir, "README.md"), "soak", s.table()}}
	root := filepath.Join(dir, "..")
	users, err := pages.Users(root)
	if err != nil {
		return nil, err
	}
	for _, p := range users {
		has, err := p.Sections()
		if err != nil {
			return nil, err
		}
		if _, ok := has[sentence]; !ok {
			continue
		}
		link := "soak/README.md"
		for folder := path.Dir(p.Name); folder != "."; folder = path.Dir(folder) {
			link = "../" + link
		}
		all = append(all, section{filepath.Join(root, filepath.FromSlash(p.Name)), sentence, s.sentence(link)})
	}
	return all, nil
}

// sentence is the summary in one sentence. It states what a summary without violations shows.
func (s summary) sentence(link string) string {
	return fmt.Sprintf("[soak](%s), also a module of its own, runs through %.0f virtual years under faults at every layer:\n"+
		"%s calls, no expired token used, and no call that waited or failed with a valid token in hand.\n",
		link, s.Tally.Span.Hours()/24/365, grouped(sum(s.Tally.Calls)))
}

// grouped formats a number in groups of three digits.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s %03d", grouped(n/1000), n%1000)
}
