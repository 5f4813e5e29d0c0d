package graph

import (
	"net/url"
	"regexp"
	"strings"
)

// quote returns s as a string literal of OData, in which quotation marks are doubled.
//
// https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// byKey returns the path of an object by an alternate key.
func byKey(collection, key, value string) string {
	return "/" + collection + ByKey(key, value)
}

// ByKey returns the part of a path that names an object by an alternate key. Of its characters only
// the quotation marks are special to a shell.
func ByKey(key, value string) string {
	escaped := url.PathEscape(strings.ReplaceAll(value, "'", "''"))
	return "(" + key + "='" + strings.NewReplacer("'", "%27", "$", "%24").Replace(escaped) + "')"
}

// byID returns the path of an object by its id.
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

// directoryID returns an Azure resource id as the directory spells it: the resource manager writes
// resourceGroups, the alternative names of service principals have resourcegroups.
func directoryID(armID string) string {
	return resourceGroups.ReplaceAllString(strings.TrimSuffix(armID, "/"), "/resourcegroups/")
}
