// Package publish makes the tables, sentences and plots from stored results. It has a file for each
// program, and one for the pages of the repository.
package publish

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-ac726066/aztoken/bench/internal/results"
	"github.com/seed-ac726066/aztoken/internal/pages"
)

// A publication is everything that is published for one program.
type publication struct {
	sections []section
	plots    []plot
}

// section is the text of a section of a page. The file's path is relative to the folder of this
// module.
type section struct{ file, name, text string }

// plot is a chart. The file's path is relative to the folder of this module.
type plot struct {
	file string
	save func(file string) error
}

// all returns everything that is published from the results in the folder of this module, which is
// root.
func all(root string) (publication, error) {
	var p publication
	var missing []error
	for _, of := range []func(root string) (publication, error){
		from("outage", outage), from("stampede", stampede), from("hotpath", hotpath), from("verification", verification),
		from("fleet", fleet), from("size", size), from("store", store), from("agent", agent),
		from("guard", guard), repository,
	} {
		one, err := of(root)
		if err != nil {
			missing = append(missing, err)
			continue
		}
		p.sections = append(p.sections, one.sections...)
		p.plots = append(p.plots, one.plots...)
	}
	return p, errors.Join(missing...)
}

// from returns a function that publishes the stored results of one program.
func from[T any](name string, of func(T) publication) func(root string) (publication, error) {
	return func(root string) (publication, error) {
		r, err := results.Load[T](root, name)
		if err != nil {
			return publication{}, err
		}
		return of(r), nil
	}
}

// Write writes everything that is published from the results in the folder of this module, which is
// root. It always writes the results of all programs, because some tables combine several. Whatever
// has no results stays unchanged and is named in the error.
func Write(root string) error {
	p, err := all(root)
	errs := []error{err}
	for _, s := range p.sections {
		errs = append(errs, pages.Replace(filepath.Join(root, s.file), s.name, s.text))
	}
	for _, plot := range p.plots {
		errs = append(errs, plot.save(filepath.Join(root, plot.file)))
	}
	return errors.Join(errs...)
}

// Check returns an error if what is published differs from the stored results. It writes nothing.
func Check(root string) error {
	p, err := all(root)
	errs := []error{err}
	for _, s := range p.sections {
		errs = append(errs, pages.Differs(filepath.Join(root, s.file), s.name, s.text))
	}
	dir, err := os.MkdirTemp("", "publish")
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	defer os.RemoveAll(dir)
	for _, plot := range p.plots {
		errs = append(errs, plot.differs(root, filepath.Join(dir, "plot.svg")))
	}
	return errors.Join(errs...)
}

// differs returns nil if the plot's file is what would be drawn now. It draws to a scratch file to
// find out.
func (p plot) differs(root, scratch string) error {
	if err := p.save(scratch); err != nil {
		return err
	}
	want, err := os.ReadFile(scratch)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	got, err := os.ReadFile(filepath.Join(root, p.file))
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("publish: %s is not drawn from the stored results; go run ./publish", p.file)
	}
	return nil
}
