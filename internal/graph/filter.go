package graph

import (
	"net/url"
	"regexp"
	"strings"
)

// quote makes a string literal of OData, in which a quotation mark is doubled.
//
// https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// byKey is an object's path by an alternate key.
func byKey(collection, key, value string) string {
	return "/" + collection + ByKey(key, value)
}

// ByKey is the part of a path that names an object by an alternate key; within it only the quotation marks need care of a
// shell.
func ByKey(key, value string) string {
	escaped := url.PathEscape(strings.ReplaceAll(value, "'", "''"))
	return "(" + key + "='" + strings.NewReplacer("'", "%27", "$", "%24").Replace(escaped) + "')"
}

// byID is an object's path by its id.
func byID(collection, id string, rest ...string) string {
	path := "/" + collection + "/" + url.PathEscape(id)
	for _, part := range rest {
		path += "/" + url.PathEscape(part)
	}
	return path
}

func filter(expression string) url.Values { return url.Values{"$filter": {expression}} }

func selected(q url.Values, fields string) url.Values {
	q.Set("$select", fields)
	return q
}

var resourceGroups = regexp.MustCompile(`(?i)/resourcegroups/`)

// directoryID is an Azure resource id in the spelling of the directory: the resource manager writes resourceGroups, the
// alternative names of a service principal have resourcegroups.
func directoryID(armID string) string {
	return resourceGroups.ReplaceAllString(strings.TrimSuffix(armID, "/"), "/resourcegroups/")
}
