package peers

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// EC2Metadata answers as the instance metadata service of EC2, with the tokens of an Azure endpoint
// as its credentials. Each of its requests is one to that endpoint, so that it is slow, fails and
// hangs when the endpoint does, and the endpoint's count is that of the requests.
type EC2Metadata struct{ Endpoint }

const (
	ec2Token = "/latest/api/token"
	ec2Roles = "/latest/meta-data/iam/security-credentials"
	ec2Role  = "role"
)

// RoundTrip implements [http.RoundTripper].
func (m *EC2Metadata) RoundTrip(r *http.Request) (*http.Response, error) {
	// Not source.get: an answer other than 200 is passed on as it is.
	req := r.Clone(r.Context())
	req.Method, req.Body, req.Header = http.MethodGet, nil, http.Header{"Metadata": {"true"}}
	req.URL.Path = "/metadata/identity/oauth2/token"
	req.URL.RawQuery = url.Values{"api-version": {"2018-02-01"}, "resource": {m.Resource}}.Encode()
	resp, err := m.Transport.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	defer resp.Body.Close()
	var reply struct {
		Value   string `json:"access_token"`
		Expires int64  `json:"expires_on,string"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return nil, err
	}
	var body []byte
	header, status := http.Header{}, http.StatusOK
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case r.Method == http.MethodPut && path == ec2Token:
		header.Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"))
		body = []byte("session")
	case path == ec2Roles:
		body = []byte(ec2Role)
	case path == ec2Roles+"/"+ec2Role:
		body, err = json.Marshal(map[string]any{
			"Code": "Success", "AccessKeyId": "azure", "SecretAccessKey": "azure", "Token": reply.Value,
			"Expiration": time.Unix(reply.Expires, 0).UTC(),
		})
		if err != nil {
			return nil, err
		}
	default:
		status = http.StatusNotFound
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: header, Request: r,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}
