package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/verify"
)

// clouds are the values of --cloud.
var clouds = map[string]verify.Cloud{"public": verify.Public, "usgovernment": verify.USGovernment, "china": verify.China}

// verification says by flags whether and how a token is verified.
type verification struct {
	on        bool
	audiences []string
	tenant    string
	cloud     string
	authority string
	roles     []string
	roleless  bool
	timeout   time.Duration
}

func (v *verification) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&v.on, "verify", false, "verify the token as a service would")
	f.StringSliceVar(&v.audiences, "audience", nil, "an App ID URI or client id of the service (needed for --verify; may be repeated)")
	f.StringVar(&v.tenant, "tenant", "", "the tenant that the service accepts, a GUID (default: that of the token)")
	f.StringVar(&v.cloud, "cloud", "public", "the cloud that issues the tokens: public, usgovernment or china")
	f.StringVar(&v.authority, "authority", "", "base URL of the keys (default: the cloud's login host)")
	f.StringSliceVar(&v.roles, "role", nil, "an app role that the token must have (may be repeated: one of them)")
	f.BoolVar(&v.roleless, "allow-roleless", false, "accept a token without roles and scopes")
	f.DurationVar(&v.timeout, "timeout", 15*time.Second, "the most time to wait for the keys")
	complete(cmd, "cloud", "public", "usgovernment", "china")
	cmd.MarkFlagsRequiredTogether("verify", "audience")
	cmd.MarkFlagsMutuallyExclusive("role", "allow-roleless")
}

// check finds mistakes in the flags.
func (v *verification) check() error {
	if _, ok := clouds[v.cloud]; !ok {
		return usage("aztoken: --cloud is %q; give public, usgovernment or china", v.cloud)
	}
	if !v.on && (v.tenant != "" || v.authority != "" || len(v.roles) > 0 || v.roleless) {
		return usage("aztoken: --tenant, --authority, --role and --allow-roleless are for --verify; add it, or leave them out")
	}
	if v.timeout <= 0 {
		return usage("aztoken: --timeout is %v; give a time above 0, such as 15s", v.timeout)
	}
	return nil
}

// verify says why a service would refuse the token, nil if it would not, or if nobody asked.
func (v *verification) verify(ctx context.Context, token string, d decoded) error {
	if !v.on {
		return nil
	}
	tenant := v.tenant
	if tenant == "" {
		tenant = d.TenantID
	}
	if tenant == "" {
		return fmt.Errorf("aztoken: the token names no tenant; give --tenant")
	}
	verifier, err := verify.New(&verify.Options{
		Audiences: v.audiences, Tenants: []string{tenant}, Cloud: clouds[v.cloud], Authority: v.authority, AllowRoleless: v.roleless,
	})
	if err != nil {
		return err
	}
	defer verifier.Close()
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	var wanted []verify.Requirement
	if len(v.roles) > 0 {
		wanted = append(wanted, verify.AnyRole(v.roles...))
	}
	_, err = verifier.Authorize(ctx, token, wanted...)
	return err
}
