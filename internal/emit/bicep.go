package emit

import (
	"errors"
	"fmt"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

const templateHead = `// %s
// bicepconfig.json must name the extension microsoftGraphV1:
// https://learn.microsoft.com/graph/templates/bicep/quickstart-create-bicep-interactive-mode
extension microsoftGraphV1
`

// Template returns the first lines of a template with the extension for Microsoft Graph.
func Template(title string) string { return fmt.Sprintf(templateHead, Comment(title)) }

// CheckTemplate returns why there can be no template for the Graph at host, nil if there can.
func CheckTemplate(host string) error {
	if host != graph.Public().Host {
		return errors.New("aztoken: Bicep's extension for Microsoft Graph supports only the public cloud; use --emit az or terraform")
	}
	return nil
}
