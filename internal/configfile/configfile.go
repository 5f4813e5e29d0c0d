// Package configfile reads the YAML files of the long-running commands, and says in which line a
// mistake is.
package configfile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile is far more than any configuration needs.
const maxFile = 1 << 20

// Document knows the lines of a file. Nil stands for values that came from flags.
type Document struct {
	name string
	root yaml.Node
}

// Read decodes a file that was opened as name. Unknown and doubled keys are errors: they are typing
// mistakes.
func Read(r io.Reader, name string, into any) (*Document, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("aztoken: reading %s: %w", name, err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("aztoken: %s is larger than 1 MiB; give the file of this command", name)
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("aztoken: %s: %w; --help shows a whole one", name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("aztoken: %s has several documents; keep one", name)
	}
	d := &Document{name: name}
	if err := yaml.Unmarshal(text, &d.root); err != nil {
		return nil, err
	}
	return d, d.checkEmpty(&d.root)
}

// checkEmpty returns the first key without a value, as a template produces when its variable is not
// set. It must not mean the same as a missing key, such as every host.
func (d *Document) checkEmpty(n *yaml.Node, path ...any) error {
	for i, child := range n.Content {
		at := path
		switch n.Kind {
		case yaml.SequenceNode:
			at = append(slices.Clone(path), i)
		case yaml.MappingNode:
			if i%2 == 0 {
				continue
			}
			at = append(slices.Clone(path), n.Content[i-1].Value)
			if child.Kind == yaml.ScalarNode && (child.Value == "" || child.ShortTag() == "!!null") {
				return d.Mistake("it is empty; give a value, or leave the key out", at...)
			}
		}
		if err := d.checkEmpty(child, at...); err != nil {
			return err
		}
	}
	return nil
}

// Has reports whether the file has the value at path, even an empty one.
func (d *Document) Has(path ...any) bool {
	if d == nil || len(d.root.Content) == 0 {
		return false
	}
	n := d.root.Content[0]
	for _, step := range path {
		if n, _ = child(n, step); n == nil {
			return false
		}
	}
	return true
}

// Mistake returns an error that says where the mistake is: in which line of the file, or in which
// flag. The path has the keys as strings and the positions in lists as ints.
func (d *Document) Mistake(text string, path ...any) error {
	if d == nil {
		return fmt.Errorf("aztoken: %s: %s", flagOf(path), text)
	}
	var where strings.Builder
	for _, step := range path {
		switch s := step.(type) {
		case int:
			fmt.Fprintf(&where, "[%d]", s)
		case string:
			where.WriteString("." + s)
		}
	}
	return fmt.Errorf("aztoken: %s: line %d: %s: %s", d.name, d.Line(path...), strings.TrimPrefix(where.String(), "."), text)
}

// Line returns the line of the value at path, or of the last step that exists; 0 if there is no
// file.
func (d *Document) Line(path ...any) int {
	switch {
	case d == nil:
		return 0
	case len(d.root.Content) == 0:
		return 1
	}
	return lineOf(d.root.Content[0], path)
}

// flagOf returns the flag that sets the value at path: the last key, in the singular, because a
// flag is repeated for a list.
func flagOf(path []any) string {
	name := ""
	for _, step := range path {
		if s, ok := step.(string); ok {
			name = s
		}
	}
	if name != "metrics" {
		name = strings.TrimSuffix(name, "s")
	}
	return "--" + strings.ReplaceAll(name, "_", "-")
}

// lineOf returns the line of the value at path, or of the last step that exists.
func lineOf(n *yaml.Node, path []any) int {
	line := n.Line
	for _, step := range path {
		next, at := child(n, step)
		if next == nil {
			return line
		}
		n, line = next, at
	}
	return line
}

// child returns a member of n and its line, which for a mapping is that of the key.
func child(n *yaml.Node, step any) (*yaml.Node, int) {
	switch s := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && s < len(n.Content) {
			return n.Content[s], n.Content[s].Line
		}
	case string:
		if n.Kind != yaml.MappingNode {
			return nil, 0
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == s {
				return n.Content[i+1], n.Content[i].Line
			}
		}
	}
	return nil, 0
}
