package imdstest

import (
	"net/http"
	"slices"
)

// imdsVersions are the values of api-version that the token endpoint of IMDS knows: all since the one that
// brought it.
var imdsVersions = []string{
	"2018-02-01", "2018-04-02", "2018-10-01",
	"2019-02-01", "2019-03-11", "2019-04-30", "2019-06-01", "2019-06-04", "2019-08-01", "2019-08-15", "2019-11-01",
	"2020-06-01", "2020-07-15", "2020-09-01", "2020-10-01", "2020-12-01",
	"2021-01-01", "2021-02-01", "2021-03-01", "2021-05-01", "2021-10-01", "2021-11-01", "2021-11-15", "2021-12-13",
	"2023-07-01", "2023-11-15",
	"2024-03-15", "2024-07-17",
	"2025-04-07",
}

// badVersion is the refusal of an api-version, which has a form of its own and names the newest three of those known.
func badVersion(known []string) reply {
	newest := slices.Clone(known[max(0, len(known)-3):])
	slices.Reverse(newest)
	return jsonReply(http.StatusBadRequest, struct {
		Error  string   `json:"error"`
		Newest []string `json:"newest-versions"`
	}{
		"Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds",
		newest,
	})
}
