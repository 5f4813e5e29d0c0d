// Package identityapi is the server's side of the identity endpoints of Azure's hosts: which
// requests each endpoint accepts, how it refuses the others, and how it words its replies. A
// [Source] provides the tokens.
//
//	IMDS                GET /metadata/identity/oauth2/token, header Metadata: true
//	AppService          GET /msi/token, header X-IDENTITY-HEADER (2019) or Secret (2017)
//	ContainerInstances  GET with api-version 1.0, header Secret
//	Arc                 IMDS's request, and the content of a file that the first reply names
//	ServiceFabric       GET over https, header Secret
//	CloudShell          POST /oauth2/token, header Metadata: true
//	AzureML             GET /MSI/auth, header Secret
//	WorkloadIdentity    POST /{tenant}/oauth2/v2.0/token over https, with an assertion
//	IdentityBinding     the same under the path and server name of a proxy
//
// Each type has its own file, which documents all that its endpoint accepts. An endpoint answers a
// [Call], which is a request whose body was read within bounds; it reads nothing else, keeps no
// state and starts nothing, so that one value serves any number of requests at once.
//
// The zero value of [IMDS] and [AppService] is as strict as the platform. With Tolerant they also
// accept what some client sends although the platform would not take it, and reply with every
// member that some client needs: see [Tolerance].
package identityapi
