// Package federate lets a managed identity act as an application, with a federated identity
// credential on the application's registration, and can undo that. As in package grant, [Read]
// finds out what exists, [Plan], a pure function, returns the steps to what is wanted, and [Apply]
// carries them out; [Emit] writes a script or a declaration for other tools instead.
//
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
package federate
