package main

import (
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// developer is the sign-in of the person at the keyboard, of whichever tool has one.
func developer() (azcore.TokenCredential, error) {
	cli, err := azidentity.NewAzureCLICredential(nil)
	if err != nil {
		return nil, fmt.Errorf("aztoken: the Azure CLI's sign-in: %w", err)
	}
	azd, err := azidentity.NewAzureDeveloperCLICredential(nil)
	if err != nil {
		return nil, fmt.Errorf("aztoken: azd's sign-in: %w", err)
	}
	powershell, err := azidentity.NewAzurePowerShellCredential(nil)
	if err != nil {
		return nil, fmt.Errorf("aztoken: PowerShell's sign-in: %w", err)
	}
	return azidentity.NewChainedTokenCredential([]azcore.TokenCredential{cli, azd, powershell}, nil)
}
