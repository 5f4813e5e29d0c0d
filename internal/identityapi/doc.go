// Package identityapi is the server's side of the identity endpoints of Azure's hosts: which
// requests each endpoint accepts, how it refuses the others, and how it words its replies. Where
// the tokens come from is left to a [Source].
//
//	type              request                                                    proof that it comes from the host
//	[IMDS]            GET /metadata/identity/oauth2/token?api-version=&resource= Metadata: true
//	[AppService]      GET /msi/token?api-version=2019-08-01&resource=            X-IDENTITY-HEADER: secret
//	                  GET /msi/token?api-version=2017-09-01&resource=            Secret: secret
//	[Arc]             as IMDS, under a path of its own                           Metadata: true, and the content of a file
//	[ServiceFabric]   GET, https only, api-version=2019-07-01-preview            Secret: secret
//	[CloudShell]      POST /oauth2/token, form resource=                         Metadata: true
//	[AzureML]         GET /MSI/auth?api-version=2017-09-01&resource=             Secret: secret
//	[WorkloadIdentity] POST /{tenant}/oauth2/v2.0/token, https only, form        client_assertion
//
// Each type has a file of its own, which says all that its endpoint accepts. An endpoint answers a
// [Call], which is a request whose body was read within bounds; it reads nothing else, keeps no
// state and starts nothing, so that one value serves any number of requests at once.
//
// The zero value of [IMDS] and [AppService] is as strict as the platform. With Tolerant they also
// accept what some client sends although the platform would not take it, and reply with every
// member that some client needs: see [Tolerance].
package identityapi
