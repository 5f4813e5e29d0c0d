package main

import "github.com/spf13/cobra"

// resources are App ID URIs of Azure's own services, for completion.
var resources = []string{
	"https://cognitiveservices.azure.com", "https://database.windows.net/", "https://eventhubs.azure.net",
	"https://graph.microsoft.com", "https://management.azure.com", "https://ossrdbms-aad.database.windows.net",
	"https://redis.azure.com", "https://servicebus.azure.net", "https://storage.azure.com", "https://vault.azure.net",
}

// complete sets the values that the shell offers for a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	register(cmd, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// completeFiles makes the shell offer files for a flag. It offers none for other flags.
func completeFiles(cmd *cobra.Command, flag string) {
	register(cmd, flag, cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault))
}

func register(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // the flag does not exist
	}
}

// completeResource offers the resources of Azure's own services for a command's argument.
func completeResource(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return resources, cobra.ShellCompDirectiveNoFileComp
}
