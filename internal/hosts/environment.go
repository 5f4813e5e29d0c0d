package hosts

import (
	"net/url"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

// endpointURL reads the URL of an endpoint from a variable. It quotes no value: some hold secrets
// by mistake.
func endpointURL(getenv func(string) string, variable string, schemes ...string) (*url.URL, error) {
	address := getenv(variable)
	u, err := url.Parse(address)
	if err != nil || hasOddCharacter(address) || !slices.Contains(schemes, u.Scheme) || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, inVariable(variable, "not the URL of an identity endpoint",
			"it must begin with "+strings.Join(schemes, ":// or ")+":// and a host, and have no space")
	}
	return u, nil
}

// headerSecret reads a header's value from a variable, which it does not quote.
func headerSecret(getenv func(string) string, variable string) (secret.Text, error) {
	value := getenv(variable)
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return secret.Text{}, inVariable(variable, "has a character that no header may have, such as a line feed", "set it as the host does")
	}
	return secret.New(value), nil
}

// displayURL returns u for people, without its query, which may hold a secret.
func displayURL(u *url.URL) string {
	shown := *u
	shown.RawQuery = ""
	return shown.String()
}
