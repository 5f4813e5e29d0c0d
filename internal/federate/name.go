package federate

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// Entra's limits for the length of a name.
//
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations#errors
const minName, maxName = 3, 120

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// CheckName returns what is wrong with the name of a credential, nil if nothing is.
func CheckName(name string) error {
	if len(name) < minName || len(name) > maxName || !validName.MatchString(name) {
		return fmt.Errorf("aztoken: %.150q cannot be the name of a federated credential; use %d to %d letters, digits, hyphens and underscores, with a letter or digit first",
			name, minName, maxName)
	}
	return nil
}

var unfit = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// nameFor returns a name for the credential of an identity that is not taken.
func nameFor(p graph.ServicePrincipal, taken func(string) bool) string {
	name := strings.Trim(unfit.ReplaceAllString(p.DisplayName, "-"), "-_")
	if len(name) < minName {
		name = strings.TrimSuffix("identity-"+name, "-") + "-" + p.ID[:min(8, len(p.ID))]
	}
	name = name[:min(len(name), maxName)]
	free := name
	for n := 2; taken(free); n++ {
		suffix := fmt.Sprintf("-%d", n)
		free = name[:min(len(name), maxName-len(suffix))] + suffix
	}
	return free
}
