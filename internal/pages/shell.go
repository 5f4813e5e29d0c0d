package pages

import (
	"regexp"
	"slices"
	"strings"
)

// Commands returns the words of the simple commands of a shell script, including those inside of
// $(…), without leading assignments, redirections and comments. It understands only the shell
// syntax that the pages use.
func Commands(script string) [][]string {
	s := &shell{text: []rune(strings.ReplaceAll(script, "\\\n", ""))}
	s.script(false)
	return s.commands
}

// Console returns the input in a transcript: the lines that begin with a prompt.
func Console(transcript string) string {
	var b strings.Builder
	for line := range strings.Lines(transcript) {
		if typed, is := strings.CutPrefix(line, "$ "); is {
			b.WriteString(typed)
		}
	}
	return b.String()
}

// Inline returns the code within the lines of p.
func (p Page) Inline() (all []Block) {
	for i, line := range p.prose() {
		for _, found := range code.FindAllString(line, -1) {
			all = append(all, Block{Page: p.Name, Line: i + 1, Text: strings.Trim(found, "`")})
		}
	}
	return all
}

var assignment = regexp.MustCompile(`^[A-Za-z_]\w*=`)

// shell reads a script.
type shell struct {
	text     []rune
	at       int
	commands [][]string

	words []string // of the command that is read
	word  []rune
	begun bool // word has begun, but may be empty
	skip  bool // the next word is where something is redirected to
}

func (s *shell) endWord() {
	if s.begun && !s.skip {
		s.words = append(s.words, string(s.word))
	}
	s.skip = s.skip && !s.begun
	s.word, s.begun = nil, false
}

func (s *shell) endCommand() {
	s.endWord()
	s.skip = false
	for len(s.words) > 0 && (assignment.MatchString(s.words[0]) || slices.Contains([]string{"sudo", "exec", "time"}, s.words[0])) {
		s.words = s.words[1:]
	}
	if len(s.words) > 0 {
		s.commands = append(s.commands, s.words)
	}
	s.words = nil
}

// script reads to the end, or to the parenthesis that ends a substitution.
func (s *shell) script(substitution bool) {
	for ; s.at < len(s.text); s.at++ {
		switch r := s.text[s.at]; {
		case r == ')' && substitution:
			s.endCommand()
			return
		case strings.ContainsRune("\n;&|()`", r):
			s.endCommand()
		case r == ' ' || r == '\t':
			s.endWord()
		case r == '#' && !s.begun:
			for s.at+1 < len(s.text) && s.text[s.at+1] != '\n' {
				s.at++
			}
		case r == '<' || r == '>':
			if strings.Trim(string(s.word), "0123456789") == "" {
				s.word, s.begun = nil, false
			}
			s.endWord()
			s.skip = true
			if s.at+1 < len(s.text) && s.text[s.at+1] == '&' {
				s.at++
			}
		case r == '\'':
			s.begun = true
			for s.at++; s.at < len(s.text) && s.text[s.at] != '\''; s.at++ {
				s.word = append(s.word, s.text[s.at])
			}
		case r == '"':
			s.begun = true
			for s.at++; s.at < len(s.text) && s.text[s.at] != '"'; s.at++ {
				s.char()
			}
		default:
			s.begun = true
			s.char()
		}
	}
	s.endCommand()
}

// char reads a character of a word, or a substitution in it.
func (s *shell) char() {
	r := s.text[s.at]
	switch {
	case r == '\\' && s.at+1 < len(s.text):
		s.at++
		s.word = append(s.word, s.text[s.at])
	case r == '$' && s.at+1 < len(s.text) && s.text[s.at+1] == '(':
		inner := &shell{text: s.text, at: s.at + 2}
		inner.script(true)
		s.commands = append(s.commands, inner.commands...)
		s.at = inner.at
		s.word = append(s.word, []rune("$(…)")...)
	default:
		s.word = append(s.word, r)
	}
}
