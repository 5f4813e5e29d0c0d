package emit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Shell returns s as one word of bash.
func Shell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// HCL returns s as a string of HCL.
func HCL(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(JSON(s))
}

// BicepString returns s as a string of Bicep.
func BicepString(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + "'"
}

// JSON returns v as JSON on one line, without the escapes for HTML.
func JSON(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "null" // does not happen with strings, numbers and lists of them
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Literal returns v as a literal of JMESPath, the language of the Azure CLI's --query.
func Literal(v any) string { return "`" + strings.ReplaceAll(JSON(v), "`", `\u0060`) + "`" }

var noIdentifier = regexp.MustCompile(`[^A-Za-z0-9]+`)

// Identifiers makes unique names for declarations.
type Identifiers map[string]bool

// Of returns a name that is like text and was not used before.
func (used Identifiers) Of(text string) string {
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
