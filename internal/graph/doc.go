// Package graph makes the few calls of Microsoft Graph v1.0 that it takes to grant an app role: on applications, on service
// principals, and on the assignments between them. Each call is made once in azcore's pipeline, which tries again what is
// throttled or interrupted; what replication delays is told apart by [Kind], and left to whoever knows what was written
// before.
//
// https://learn.microsoft.com/graph/api/resources/approleassignment
package graph
