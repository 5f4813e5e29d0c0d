package imdstest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const imdsPath = "/metadata/identity/oauth2/token"

// imds answers a request as the metadata service of a virtual machine does.
func (s *Server) imds(c call, entraDown bool) reply {
	if refusal := checkIMDS(c); refusal != nil {
		return *refusal
	}
	sel := selector{
		clientID:   c.query.Get("client_id"),
		objectID:   c.query.Get("object_id"),
		resourceID: c.query.Get("msi_res_id"),
	}
	id, problem := s.identity(sel)
	if id == nil {
		return oauthError(http.StatusBadRequest, "invalid_request", problem)
	}
	resource := c.query.Get("resource")
	tok, minted, failure := s.issue(id, resource, entraDown)
	switch failure {
	case entraAway:
		return failedAtEntra()
	case unknownResource:
		return oauthError(http.StatusBadRequest, "invalid_resource", fmt.Sprintf(
			"AADSTS50001: The application named %s wasn't found in the tenant named %s. "+
				"This can happen if the application has not been installed by the administrator of the tenant "+
				"or consented to by any user in the tenant. "+
				"You might have sent your authentication request to the wrong tenant.",
			resource, s.options.TenantID))
	}
	r := imdsToken(tok, id.ClientID, resource)
	r.minted = minted
	return r
}

// imdsToken is the success: all values are strings, and there is no refresh_in.
func imdsToken(tok issued, clientID, resource string) reply {
	decimal := func(n int64) string { return strconv.FormatInt(n, 10) }
	return jsonReply(http.StatusOK, struct {
		AccessToken  string `json:"access_token"`
		ClientID     string `json:"client_id"`
		ExpiresIn    string `json:"expires_in"`
		ExpiresOn    string `json:"expires_on"`
		ExtExpiresIn string `json:"ext_expires_in"`
		NotBefore    string `json:"not_before"`
		Resource     string `json:"resource"`
		TokenType    string `json:"token_type"`
	}{
		AccessToken:  tok.value,
		ClientID:     clientID,
		ExpiresIn:    decimal(tok.expires - time.Now().Unix()),
		ExpiresOn:    decimal(tok.expires),
		ExtExpiresIn: decimal(tok.firstLife - 1), // stale in real replies too: it does not run down
		NotBefore:    decimal(tok.notBefore),
		Resource:     resource,
		TokenType:    "Bearer",
	})
}

// checkIMDS returns the refusal of a request that is malformed, whoever it asks for.
func checkIMDS(c call) *reply {
	refuse := func(r reply) *reply { return &r }
	invalid := func(description string) *reply {
		return refuse(oauthError(http.StatusBadRequest, "invalid_request", description))
	}
	if c.path != imdsPath && c.path != imdsPath+"/" {
		return refuse(statusReply(http.StatusNotFound))
	}
	if c.method != http.MethodGet {
		r := statusReply(http.StatusMethodNotAllowed)
		r.header.Set("Allow", http.MethodGet)
		return &r
	}
	if !slices.Equal(c.header["Metadata"], []string{"true"}) {
		return invalid("Required metadata header not specified")
	}
	if len(c.header["X-Forwarded-For"]) > 0 {
		return invalid("Requests with an X-Forwarded-For header are not allowed")
	}
	if c.queryErr != nil {
		return invalid("The query string is malformed")
	}
	for name, values := range c.query {
		if len(values) > 1 {
			return invalid(fmt.Sprintf("Query variable '%s' is specified more than once", name))
		}
	}
	if !slices.Contains(imdsVersions, c.query.Get("api-version")) {
		return refuse(badVersion())
	}
	if c.query.Get("resource") == "" {
		return invalid("Required query variable 'resource' is missing")
	}
	return checkIMDSIdentity(c, invalid)
}

func checkIMDSIdentity(c call, invalid func(string) *reply) *reply {
	if c.query.Has("mi_res_id") {
		return invalid("Query variable 'mi_res_id' is not known, use 'msi_res_id'") // the name is App Service's
	}
	named := 0
	for _, name := range []string{"client_id", "object_id", "msi_res_id"} {
		if !c.query.Has(name) {
			continue
		}
		named++
		if c.query.Get(name) == "" {
			return invalid(identityNotFound)
		}
	}
	if named > 1 {
		return invalid("Only one of 'client_id', 'object_id' and 'msi_res_id' may be specified")
	}
	return nil
}
