// Package graph makes the calls of Microsoft Graph v1.0 that granting an app role and trusting a
// managed identity take: on applications and their federated credentials, on service principals,
// and on the assignments between them. Each call is made once in azcore's pipeline, which retries
// throttled and interrupted requests. [Kind] identifies replication delays, which the caller has to
// handle because it knows what was written before.
//
// https://learn.microsoft.com/graph/api/resources/approleassignment
package graph
