package docs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Blocks of JSON and YAML must parse. A JSON block may be part of an object: members without the
// surrounding braces.
func TestDataParses(t *testing.T) {
	t.Parallel()
	_, all := users(t)
	for _, p := range all {
		for _, b := range blocks(t, p, "json") {
			var v any
			if err := json.Unmarshal([]byte(b.Text), &v); err != nil && json.Unmarshal([]byte("{"+b.Text+"}"), &v) != nil {
				t.Errorf("%s: %v", b.Where(), err)
			}
		}
		for _, b := range blocks(t, p, "yaml") {
			dec := yaml.NewDecoder(bytes.NewReader([]byte(b.Text)))
			for {
				var v any
				if err := dec.Decode(&v); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Errorf("%s: %v", b.Where(), err)
					break
				}
			}
		}
	}
}

// mostWords is the longest that a sentence may be: readers have to read longer ones twice.
const mostWords = 40

func TestSentencesEnd(t *testing.T) {
	t.Parallel()
	_, all := users(t)
	var long []string
	for _, p := range all {
		for _, s := range p.Sentences() {
			if s.Words > mostWords {
				long = append(long, fmt.Sprint(s))
			}
		}
	}
	if long != nil {
		t.Errorf("more than %d words; make two of it:\n%s", mostWords, strings.Join(long, "\n"))
	}
}
