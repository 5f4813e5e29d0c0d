package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/entra"
	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/verify"
)

// verification is whether and how to verify a token, by flags.
type verification struct {
	on        bool
	audiences []string
	tenant    string
	cloud     string
	authority string
	roles     []string
	callers   []string
	roleless  bool
	keyFile   string
	timeout   time.Duration
}

func (v *verification) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&v.on, "verify", false, "verify the token as a service would")
	f.StringSliceVar(&v.audiences, "audience", nil, "an App ID URI or client id of the service (required by --verify; may be repeated)")
	f.StringVar(&v.tenant, "tenant", "", "the tenant that the service accepts, a GUID (default: that of the token)")
	f.StringVar(&v.cloud, "cloud", entra.PublicCloud, "the cloud that issues the tokens: public, usgovernment or china")
	f.StringVar(&v.authority, "authority", "", "base URL of the keys (default: the cloud's login host)")
	f.StringSliceVar(&v.roles, "role", nil, "an app role that the token must have (if repeated: one of them)")
	f.StringSliceVar(&v.callers, "caller", nil, "an object id or client id that the token must be of (if repeated: one of them)")
	f.BoolVar(&v.roleless, "allow-roleless", false, "accept a token without roles and scopes")
	f.StringVar(&v.keyFile, "key-file", "", "a file that keeps the keys, for a run while Entra ID is down; only its owner may be able to write it")
	f.DurationVar(&v.timeout, "timeout", 15*time.Second, "how long to wait for the keys")
	complete(cmd, "cloud", entra.Clouds()...)
	cmd.MarkFlagsMutuallyExclusive("role", "allow-roleless")
}

// check returns what is wrong with the flags.
func (v *verification) check() error {
	if _, ok := entra.Cloud(v.cloud); !ok {
		return usage("aztoken: --cloud is %q; set it to public, usgovernment or china", v.cloud)
	}
	isSet := len(v.audiences) > 0 || v.tenant != "" || v.authority != "" || len(v.roles) > 0 || len(v.callers) > 0 ||
		v.roleless || v.keyFile != ""
	switch {
	case !v.on && isSet:
		return usage("aztoken: --audience, --tenant, --authority, --role, --caller, --allow-roleless and --key-file are for --verify; add it, or omit them")
	case v.on && len(v.audiences) == 0:
		return usage("aztoken: --verify needs --audience: the App ID URI of the service, or its client id if its tokens have version 2")
	case slices.ContainsFunc(v.audiences, func(a string) bool { return !entra.IsAudience(a) }):
		return usage("aztoken: --audience is %q; set it to an App ID URI or a client id, not a scope or a placeholder", v.audiences)
	case v.tenant != "" && !guid.Is(v.tenant):
		return usage("aztoken: --tenant is %q; set it to the GUID that the portal shows as Directory (tenant) ID", v.tenant)
	case v.authority != "" && !entra.IsAuthority(v.authority):
		return usage("aztoken: --authority is %q; set it to https:// and a host, or to the URL of a fake on this machine", v.authority)
	case slices.ContainsFunc(v.callers, isNotGUID):
		return usage("aztoken: --caller is %q; set it to an object id or a client id, a GUID", v.callers)
	case v.timeout <= 0:
		return usage("aztoken: --timeout is %v; set it to a time above 0, such as 15s", v.timeout)
	}
	return nil
}

func isNotGUID(id string) bool { return !guid.Is(id) }

// verify returns why a service would reject the token, nil if it would not, or without --verify. It
// warns about a key file that is not used.
func (v *verification) verify(ctx context.Context, token string, d decoded, warn io.Writer) error {
	if !v.on {
		return nil
	}
	tenant := cmp.Or(v.tenant, d.TenantID)
	if !guid.Is(tenant) {
		return errors.New("aztoken: the token names no tenant; set --tenant")
	}
	cloud, _ := entra.Cloud(v.cloud)
	news := newKeyNews()
	verifier, err := verify.New(&verify.Options{
		Audiences: v.audiences, Tenants: []string{tenant}, Callers: v.callers, AllowRoleless: v.roleless,
		Cloud: cloud, Authority: v.authority, KeyFile: v.keyFile, OnEvent: news.hear,
	})
	if err != nil {
		return err
	}
	defer func() {
		if v.keyFile != "" {
			news.awaitFetch(verifier.Status())
		}
		_ = verifier.Close()
		news.warn(warn)
	}()
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	var wanted []verify.Requirement
	if len(v.roles) > 0 {
		wanted = append(wanted, verify.AnyRole(v.roles...))
	}
	_, err = verifier.Authorize(ctx, token, wanted...)
	return err
}
