package graph

import (
	"encoding/json"
	"net/http"
	"time"
)

// ErrorOf is newError.
func ErrorOf(status int, body []byte) *Error {
	return newError(status, http.Header{}, body, WriteApplications, time.Time{})
}

// ReadPage reads a page of applications.
func ReadPage(body []byte) ([]Application, error) {
	var p page[Application]
	err := json.Unmarshal(body, &p)
	return p.Value, err
}
