package hosts_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

const errorsPage = "../../docs/errors.md"

var update = flag.Bool("update", false, "write the part of docs/errors.md that is made of the table of Entra's error codes")

// subjects are the parts of the page in their order.
var subjects = []struct {
	subject hosts.Subject
	title   string
}{
	{hosts.AboutResource, "The resource"},
	{hosts.AboutIdentity, "The identity or its credential"},
	{hosts.AboutFederation, "The token that is exchanged (workload identity, federation)"},
	{hosts.AboutTenant, "The tenant or the cloud"},
	{hosts.AboutPolicy, "Policies of the tenant"},
	{hosts.AboutRequest, "The request"},
	{hosts.AboutOutage, "Temporary errors"},
}

// entraPart returns the part of the page on Entra's error codes, by subject and by what to do.
func entraPart() string {
	var b strings.Builder
	all := hosts.EntraErrors()
	for _, s := range subjects {
		fmt.Fprintf(&b, "\n### %s\n", s.title)
		var advised []string
		for _, e := range all {
			if e.Subject != s.subject || slices.Contains(advised, e.Advice) {
				continue
			}
			advised = append(advised, e.Advice)
			b.WriteString("\n")
			for _, same := range all {
				if same.Subject == s.subject && same.Advice == e.Advice {
					wrap(&b, "* ", fmt.Sprintf("**AADSTS%d**: %s", same.Code, same.Meaning))
				}
			}
			wrap(&b, "", "\n→ "+e.Advice+".")
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// wrap writes text in lines of at most 118 columns.
func wrap(b *strings.Builder, mark, text string) {
	line := mark
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
		case len(line)+1+len(word) > 118:
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", len(mark))
		default:
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
}

func TestErrorsPage(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(errorsPage)
	require.NoError(t, err)
	page := string(content)
	t.Run("has the table of Entra's error codes", func(t *testing.T) {
		t.Parallel()
		written, _, _ := strings.Cut(page, "### "+subjects[0].title)
		if *update {
			require.NoError(t, os.WriteFile(errorsPage, []byte(written+entraPart()), 0o644))
			return
		}
		require.Equal(t, written+entraPart(), page, "go test ./internal/hosts -run TestErrorsPage -update writes it")
		require.Len(t, regexp.MustCompile(`\*\*AADSTS\d+\*\*`).FindAllString(page, -1), len(hosts.EntraErrors()), "of every subject")
	})
	t.Run("quotes the texts that the program has", func(t *testing.T) {
		t.Parallel()
		var source strings.Builder
		for _, folder := range []string{".", "../wire", "../.."} {
			files, err := filepath.Glob(filepath.Join(folder, "*.go"))
			require.NoError(t, err)
			for _, file := range files {
				if strings.HasSuffix(file, "_test.go") {
					continue
				}
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				source.Write(text)
			}
		}
		unquoted := strings.NewReplacer(`" + clientID + "`, "", `" + `, "", ` + "`, "").Replace(source.String())
		_, ours, _ := strings.Cut(page, "## In aztoken's words")
		ours, _, _ = strings.Cut(ours, "\n## ")
		texts := regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(ours, -1)
		require.Greater(t, len(texts), 15)
		for _, text := range texts {
			require.Contains(t, unquoted, text[1])
		}
	})
}
