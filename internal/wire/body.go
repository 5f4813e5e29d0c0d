package wire

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// readBody reads the error bodies of all hosts: OAuth's {"error","error_description"}, to which
// Entra adds its numbers, {"error":{"code","message"}} of Cloud Shell, Service Fabric and newer
// hosts, {"statusCode","message"} of App Service, and plain text.
func (f *Failure) readBody(header http.Header, body []byte) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		f.Description = Plain(string(body))
		f.RequestID = requestID(header, nil, nil, string(body))
		f.EntraCodes = entraCodes(nil, string(body))
		return
	}
	f.JSON = true
	var (
		nested            map[string]json.RawMessage
		code, description string
	)
	if json.Unmarshal(fields["error"], &nested) == nil {
		code, description = text(nested["code"]), text(nested["message"])
	} else {
		_ = json.Unmarshal(fields["error"], &code)
	}
	for _, name := range []string{"error_description", "message", "Message"} {
		if description == "" {
			_ = json.Unmarshal(fields[name], &description)
		}
	}
	f.Code, f.Description = Plain(code), Plain(description)
	f.RequestID = requestID(header, fields, nested, description)
	f.EntraCodes = entraCodes(fields["error_codes"], description)
	f.FromEndpoint = isCode(f.Code) || fields["statusCode"] != nil || fields["StatusCode"] != nil
}

// maxEntraCodes is more than Entra ever lists.
const maxEntraCodes = 8

// inWords is how Entra writes its number at the start of a description.
var inWords = regexp.MustCompile(`\bAADSTS([0-9]{4,9})\b`)

// entraCodes returns Entra's numbers: those of a list, and those in a description, which is all
// that most hosts pass on.
func entraCodes(list json.RawMessage, description string) []int {
	var codes []int
	if json.Unmarshal(list, &codes) != nil {
		codes = nil // only a part of a list
	}
	for _, word := range inWords.FindAllStringSubmatch(description, maxEntraCodes) {
		if code, err := strconv.Atoi(word[1]); err == nil && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes[:min(len(codes), maxEntraCodes)]
}

// signedByIMDS reports whether the header Server is that of IMDS: "IMDS/150.870.65.1103".
func signedByIMDS(server string) bool { return strings.HasPrefix(server, "IMDS/") }
