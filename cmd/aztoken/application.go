package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken"
)

// application is the app registration whose tokens are wanted, by flags: the identity is its
// credential. The zero value means none.
type application struct{ clientID, tenant string }

const (
	appClientIDFlag = "app-client-id"
	appTenantFlag   = "app-tenant"
)

// appFlags are the flags of an application. Both are set, or none.
var appFlags = []string{appClientIDFlag, appTenantFlag}

func (a *application) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.clientID, appClientIDFlag, "", "client id of an app registration to act as, whose credential is the identity (aztoken federate)")
	f.StringVar(&a.tenant, appTenantFlag, "", "tenant of the app registration")
	cmd.MarkFlagsRequiredTogether(appFlags...)
}

// check returns what is wrong with the flags. An empty value, as of an unset variable in a script,
// must not become the identity's own token.
func (a *application) check(changed func(flag string) bool) error {
	for flag, value := range map[string]string{appClientIDFlag: a.clientID, appTenantFlag: a.tenant} {
		if changed(flag) && value == "" {
			return usage("aztoken: --%s is empty; give a value, or omit both --%s and --%s", flag, appClientIDFlag, appTenantFlag)
		}
	}
	return nil
}

// federation returns the option of the library, nil for none.
func (a *application) federation() *aztoken.Federation {
	if a.clientID == "" {
		return nil
	}
	return &aztoken.Federation{TenantID: a.tenant, ClientID: a.clientID}
}
