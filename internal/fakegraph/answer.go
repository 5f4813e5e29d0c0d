package fakegraph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is the answer to a request.
type answer struct {
	status     int
	retryAfter time.Duration
	body       any  // nil for none
	broken     bool // the body is cut off
}

// render returns the header and the body of an answer.
func (a answer) render() (http.Header, []byte) {
	header := http.Header{"Request-Id": {requestID}}
	if a.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(a.retryAfter/time.Second)))
	}
	if a.body == nil {
		return header, nil
	}
	body, err := json.Marshal(a.body)
	if err != nil {
		// This cannot happen: the server made the body.
		panic(fmt.Sprintf("fakegraph: writing an answer: %v", err))
	}
	header.Set("Content-Type", "application/json;odata.metadata=minimal")
	if a.broken {
		body = append(body[:len(body)/2], nullSubject...)
	}
	return header, body
}

// nullSubject is how version 1.0 cuts off a list that has a credential without a subject.
const nullSubject = `{"error":{"code":"InternalServerError","message":"The property 'subject[Nullable=False]' of type 'Edm.String' has a null value, which is not allowed."}}`

// requestID is the same in every answer, so that tests can compare texts that quote it.
const requestID = "4e000000-0000-4000-8000-000000000001"

func ok(body any) answer      { return answer{status: http.StatusOK, body: body} }
func created(body any) answer { return answer{status: http.StatusCreated, body: body} }
func done() answer            { return answer{status: http.StatusNoContent} }

func problem(status int, code, format string, a ...any) answer {
	return answer{status: status, body: map[string]any{"error": map[string]any{
		"code": code, "message": fmt.Sprintf(format, a...),
		"innerError": map[string]string{"request-id": requestID, "client-request-id": requestID},
	}}}
}

func badRequest(format string, a ...any) answer {
	return problem(http.StatusBadRequest, "Request_BadRequest", format, a...)
}

func absent(id string) answer {
	return problem(http.StatusNotFound, "Request_ResourceNotFound",
		"Resource '%s' does not exist or one of its queried reference-property objects are not present.", id)
}

func forbidden() answer {
	return problem(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

func unauthorized() answer {
	return problem(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
}

// listed returns a page of a list.
func listed[T any](x exchange, all []T) answer {
	at, _ := strconv.Atoi(x.query.Get("$skiptoken"))
	at = min(max(at, 0), len(all))
	end := min(at+x.options.PageSize, len(all))
	body := map[string]any{"value": append([]T{}, all[at:end]...)}
	if end < len(all) {
		q := x.query
		q.Set("$skiptoken", strconv.Itoa(end))
		body["@odata.nextLink"] = x.base + "/v1.0" + x.path + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	}
	return ok(body)
}
