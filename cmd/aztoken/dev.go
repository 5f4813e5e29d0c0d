package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// tool is a developer's tool that can sign in.
type tool struct {
	name       string
	signIn     string // its command
	credential azcore.TokenCredential
}

// developer gets tokens from the user's sign-in with any tool that has one.
type developer struct {
	tools  []tool
	chosen atomic.Pointer[tool] // the first that had a token
}

// newDeveloper returns a developer with all tools that azidentity supports.
func newDeveloper() (*developer, error) {
	cli, err := azidentity.NewAzureCLICredential(nil)
	if err != nil {
		return nil, fmt.Errorf("aztoken: the sign-in of the Azure CLI: %w", err)
	}
	azd, err := azidentity.NewAzureDeveloperCLICredential(nil)
	if err != nil {
		return nil, fmt.Errorf("aztoken: the sign-in of the Azure Developer CLI: %w", err)
	}
	powershell, err := azidentity.NewAzurePowerShellCredential(nil)
	if err != nil {
		return nil, fmt.Errorf("aztoken: the sign-in of Azure PowerShell: %w", err)
	}
	return &developer{tools: []tool{
		{"Azure CLI", "az login", cli},
		{"Azure Developer CLI", "azd auth login", azd},
		{"Azure PowerShell", "Connect-AzAccount", powershell},
	}}, nil
}

// GetToken implements [azcore.TokenCredential]. It asks the tools in turn, and then always the
// first that had a token.
func (d *developer) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if t := d.chosen.Load(); t != nil {
		return t.credential.GetToken(ctx, opts)
	}
	var failed signInError
	for i := range d.tools {
		t := &d.tools[i]
		token, err := t.credential.GetToken(ctx, opts)
		if err == nil {
			d.chosen.Store(t)
			return token, nil
		}
		failed = append(failed, attempt{t, err})
		if ctx.Err() != nil {
			break
		}
	}
	return azcore.AccessToken{}, failed
}

// attempt is a tool that had no token.
type attempt struct {
	*tool
	err error
}

// signInError reports why none of the tools had a token, a line for each.
type signInError []attempt

func (s signInError) Error() string {
	var lines []string
	for _, a := range s {
		reason := wire.Plain(a.err.Error()) // on one line, and without a token
		if _, after, ok := strings.Cut(reason, "Credential: "); ok {
			reason = after
		}
		lines = append(lines, message.Join([]string{a.name, reason}, a.signIn))
	}
	return strings.Join(lines, "\n  ")
}

// Unwrap returns the errors of the tools.
func (s signInError) Unwrap() []error {
	var errs []error
	for _, a := range s {
		errs = append(errs, a.err)
	}
	return errs
}
