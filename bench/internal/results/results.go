// Package results stores what the programs of this module have measured in files in the folder
// results. All tables, sentences and plots are made from these files, so they can be rewritten and
// checked without measuring again.
package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Folder is the folder of the files, relative to the folder of this module.
const Folder = "results"

// Save writes the results of the program called name. root is the folder of this module.
func Save(root, name string, result any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(result); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	if err := os.WriteFile(file(root, name), b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

// Load reads the results of the program called name.
func Load[T any](root, name string) (result T, err error) {
	text, err := os.ReadFile(file(root, name))
	if err != nil {
		return result, fmt.Errorf("results: %w; run it: go run ./%s", err, name)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&result); err != nil {
		return result, fmt.Errorf("results: of another version of the program: %w; run it again: go run ./%s", err, name)
	}
	return result, nil
}

func file(root, name string) string { return filepath.Join(root, Folder, name+".json") }
