package agent

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxConfig is far more than any host's identities need.
const maxConfig = 1 << 20

// ReadConfig reads a file that was opened as name. Unknown and doubled keys are errors: they are typing mistakes. What
// the values mean is left to [Config.Check].
func ReadConfig(r io.Reader, name string) (Config, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxConfig+1))
	if err != nil {
		return Config{}, fmt.Errorf("aztoken: reading %s: %w", name, err)
	}
	if len(text) > maxConfig {
		return Config{}, fmt.Errorf("aztoken: %s is larger than 1 MiB; give the file of the agent", name)
	}
	c := Config{file: name, document: new(yaml.Node)}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("aztoken: %s: %w; aztoken agent --help shows a whole one", name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("aztoken: %s has several documents; keep one", name)
	}
	return c, yaml.Unmarshal(text, c.document) // for the lines of what Check finds
}

// mistake returns an error that says where the mistake is: in which line of the file, or in which flag.
func (c Config) mistake(text string, path ...any) error {
	if c.document == nil {
		return fmt.Errorf("aztoken: %s: %s", flagOf(path), text)
	}
	line := 1
	if len(c.document.Content) > 0 {
		line = lineOf(c.document.Content[0], path)
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
	return fmt.Errorf("aztoken: %s: line %d: %s: %s", c.file, line, strings.TrimPrefix(where.String(), "."), text)
}

// flagOf returns the flag that sets what path leads to.
func flagOf(path []any) string {
	name := ""
	for _, step := range path {
		if s, ok := step.(string); ok {
			name = s
		}
	}
	if name == "hostnames" || name == "store_key_files" {
		name = strings.TrimSuffix(name, "s")
	}
	return "--" + strings.ReplaceAll(name, "_", "-")
}

// lineOf returns the line of what path leads to, or of the last step that is there.
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
