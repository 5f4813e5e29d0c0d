package identityapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

// IMDS is the metadata service of virtual machines, scale sets, AKS nodes and container instances.
//
//	GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net
//	Metadata: true
//
// It accepts any api-version since 2018-02-01, and one of client_id, object_id and msi_res_id. It
// refuses other methods with 405; with 400 a call without the header, one that was forwarded
// (X-Forwarded-For), one with a parameter twice, and mi_res_id, which is App Service's name.
// bypass_cache=true asks for a new token.
//
// A success has only strings: access_token, client_id, expires_in, expires_on, ext_expires_in,
// not_before, resource, token_type. Errors are OAuth's, except for that of an api-version.
type IMDS struct {
	Tolerance Tolerance
}

// Host returns IMDS's path.
func (e IMDS) Host() Host {
	return Host{
		Name: "IMDS", Path: "/metadata/identity/oauth2/token", Server: "IMDS/150.870.65.1103",
		tolerance: e.Tolerance,
	}
}

func (e IMDS) rules() rules {
	u := rules{
		method:   http.MethodGet,
		header:   "Metadata",
		value:    secret.New("true"),
		direct:   true,
		versions: imdsVersions,
		ids:      idNames{"client_id": ClientID, "object_id": ObjectID, "msi_res_id": ResourceID},
	}
	if e.Tolerance == Tolerant {
		u.ids, u.revoked = allIDNames, revocationAlways
	}
	return u
}

// Answer returns IMDS's answer to a token request.
func (e IMDS) Answer(ctx context.Context, c Call, s Source) Reply {
	r, refusal := admit(c, e.rules(), e)
	if refusal != nil {
		return *refusal
	}
	if e.Tolerance == Exact && c.Query.Has("mi_res_id") {
		return e.refuse(r, *badly("Query variable 'mi_res_id' is not known, use 'msi_res_id'"))
	}
	return ask(ctx, e, r, s)
}

func (e IMDS) refuse(_ Request, f Failure) Reply { return metadataRefusal(f, imdsVersions) }

func (e IMDS) succeed(r Request, t Token) Reply { return t.reply(r) }

// Status returns the bodies of 400 and 500, and nothing else.
func (e IMDS) Status(code int) Reply { return oauthStatus(code) }

// metadataRefusal is that of IMDS and Azure Arc.
func metadataRefusal(f Failure, versions []string) Reply {
	switch f.Reason {
	case headerMissing, headerWrong:
		return OAuthError(http.StatusBadRequest, "invalid_request", "Required metadata header not specified")
	case versionUnknown:
		return badVersion(versions)
	default:
		return oauthRefusal(f)
	}
}

// imdsVersions are the values of api-version that the token endpoint of IMDS knows: all since the
// one that brought it.
var imdsVersions = []string{
	"2018-02-01", "2018-04-02", "2018-10-01",
	"2019-02-01", "2019-03-11", "2019-04-30", "2019-06-01", "2019-06-04", "2019-08-01", "2019-08-15", "2019-11-01",
	"2020-06-01", "2020-07-15", "2020-09-01", "2020-10-01", "2020-12-01",
	"2021-01-01", "2021-02-01", "2021-03-01", "2021-05-01", "2021-10-01", "2021-11-01", "2021-11-15", "2021-12-13",
	"2023-07-01", "2023-11-15",
	"2024-03-15", "2024-07-17",
	"2025-04-07",
}

// badVersion is the refusal of an api-version. It has a special form and names the newest three
// known versions.
func badVersion(known []string) Reply {
	newest := slices.Clone(known[max(0, len(known)-3):])
	slices.Reverse(newest)
	return JSON(http.StatusBadRequest, struct {
		Error  string   `json:"error"`
		Newest []string `json:"newest-versions"`
	}{
		"Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds",
		newest,
	})
}
