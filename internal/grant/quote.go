package grant

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// forShell returns s as one word of bash.
func forShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// forTerraform returns s as a string of HCL.
func forTerraform(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(asJSON(s))
}

// forBicep returns s as a string of Bicep.
func forBicep(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + "'"
}

// asJSON returns v as JSON on one line, without the escapes for HTML.
func asJSON(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "null" // does not happen with strings, numbers and lists of them
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// asLiteral returns v as a literal of JMESPath, the language of the Azure CLI's --query.
func asLiteral(v any) string { return "`" + strings.ReplaceAll(asJSON(v), "`", `\u0060`) + "`" }

var noIdentifier = regexp.MustCompile(`[^A-Za-z0-9]+`)

// identifiers makes unique names for declarations.
type identifiers map[string]bool

func (used identifiers) of(text string) string {
	name := strings.ToLower(strings.Trim(noIdentifier.ReplaceAllString(text, "_"), "_"))
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "r_" + name
	}
	unused := name
	for n := 2; used[unused]; n++ {
		unused = fmt.Sprintf("%s_%d", name, n)
	}
	used[unused] = true
	return unused
}
