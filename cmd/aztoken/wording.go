package main

import "strings"

// asFlags puts the advice of the library, which is for programmers, into the words of the command line. Where two begin at
// the same place the first wins, so the longer stands before the shorter.
var asFlags = []string{
	"run on an Azure host that has a managed identity, or set Options.Credential, on a developer's machine to azidentity's Azure CLI credential",
	"run on an Azure host that has a managed identity, or on a developer's machine give --dev, which uses your own sign-in (az login, azd auth login or Connect-AzAccount)",
	"run az login and set Options.Credential to azidentity's Azure CLI credential", "run az login and give --dev",
	"leave ID nil for the host's default identity", "give none for the host's default identity",
	"give it as ResourceID", "give it as --resource-id",
	"give it as ClientID, or as ObjectID if it is the principal id", "give it as --client-id, or as --object-id if it is the principal id",
	"leave Options.ID nil", "give no id",
	"leave ID nil", "give no id",
	"set ID to the ClientID of the identity", "give its --client-id",
	"set Options.ID to the ClientID, ObjectID or ResourceID of the one to use", "name the one to use by --client-id, --object-id or --resource-id",
	"set Options.ID to a user-assigned one", "name a user-assigned one by --client-id",
	"set Options.ID to a ClientID", "give --client-id",
	"set Options.Transport", "give a container that has them",
	"call again, or Warm the client at the start of the program", "give it more time with --timeout",
	"if Entra ID is down, Options.KeyFile helps services that start meanwhile", "see that Entra ID can be reached from here",
	"use one Client in the whole program, and ask again later", "ask again later, and less often",
	"call again, the client asks it anew", "try again in a minute",
	" and Options.Issuers", "",
	"treat it as opaque", "it is opaque",
	"pass Dir another path", "give --store another path",
	"pass New a key from elsewhere", "give --store-key",
	"from Options.Credential", "by your own sign-in",
	"Options.ID", "the id",
	"Options.Endpoint", "--endpoint",
	"Options.Audiences", "--audience",
	"Options.Tenants", "--tenant",
	"Options.Cloud", "--cloud",
	"Options.Authority", "--authority",
	" and Options.AppID", "",
	"; leave one of them out", "",
}

// inFlags is text of the library in the words of the command line.
func inFlags(text string) string { return strings.NewReplacer(asFlags...).Replace(text) }
