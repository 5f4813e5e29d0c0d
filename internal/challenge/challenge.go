package challenge

import "strings"

// challenge is one of the challenges of a WWW-Authenticate value (RFC 9110, section 11.3).
type challenge struct {
	scheme     string
	parameters map[string]string // names in lower case
}

// parse returns the challenges of a WWW-Authenticate value. A comma separates challenges as well as
// their parameters, so only what comes after a name tells a scheme from a parameter. If the value
// is malformed, what was read before counts.
func parse(value string) []challenge {
	var all []challenge
	for {
		value = strings.TrimLeft(value, " \t,")
		name, rest := cutToken(value)
		if name == "" {
			return all
		}
		after := strings.TrimLeft(rest, " \t")
		if len(all) > 0 && strings.HasPrefix(after, "=") {
			content, rest, ok := cutValue(strings.TrimLeft(after[1:], " \t"))
			if !ok {
				return all
			}
			all[len(all)-1].parameters[strings.ToLower(name)] = content
			value = rest
			continue
		}
		all = append(all, challenge{scheme: name, parameters: map[string]string{}})
		value = skipToken68(after)
	}
}

// cutToken cuts a token of RFC 9110, section 5.6.2, from the start of s.
func cutToken(s string) (token, rest string) {
	i := strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i:]
}

// cutValue cuts a parameter's value from the start of s: a quoted string, or what goes to the next
// comma or blank. RFC 9110 allows only tokens without quotes, but services write addresses like
// that.
func cutValue(s string) (content, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r == ',' })
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// skipToken68 skips the one argument that schemes such as Negotiate have in place of parameters.
func skipToken68(s string) string {
	rest := strings.TrimLeft(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/")
	rest = strings.TrimLeft(rest, "=")
	if trimmed := strings.TrimLeft(rest, " \t"); len(rest) < len(s) && (trimmed == "" || trimmed[0] == ',') {
		return rest
	}
	return s
}
