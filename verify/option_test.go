package verify_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

func TestAMistakeInTheOptionsSaysWhatToSet(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options edit
		says    []string
	}{
		"no audience":                {to(), []string{"Options.Audiences", "empty", "App ID URI"}},
		"an empty audience":          {to(audience, ""), []string{"Options.Audiences", `""`, "App ID URI"}},
		"a blank audience":           {to(" \t"), []string{"Options.Audiences", "App ID URI"}},
		"a space in an audience":     {to(audience + " "), []string{"Options.Audiences", audience}},
		"a slash":                    {to("/"), []string{"Options.Audiences", `"/"`}},
		"two slashes at the end":     {to(audience + "//"), []string{"Options.Audiences", audience + "//"}},
		"a scope":                    {to(audience + "/.default"), []string{"Options.Audiences", "/.default", "not a scope"}},
		"no tenant":                  {func(o *verify.Options) { o.Tenants = nil }, []string{"Options.Tenants", "GUID", "AnyTenant"}},
		"tenants and any tenant":     {func(o *verify.Options) { o.AnyTenant = true }, []string{"Options.Tenants", "Options.AnyTenant", "leave one of them out"}},
		"a tenant by name":           {tenants("contoso.onmicrosoft.com"), []string{"Options.Tenants", "contoso.onmicrosoft.com", "GUID"}},
		"common":                     {tenants("common"), []string{"Options.Tenants", `"common"`, "GUID"}},
		"organizations":              {tenants(tenant, "organizations"), []string{"Options.Tenants", "organizations", "GUID"}},
		"the template":               {tenants("{tenantid}"), []string{"Options.Tenants", "{tenantid}", "GUID"}},
		"an empty tenant":            {tenants(""), []string{"Options.Tenants", `""`, "GUID"}},
		"a tenant in braces":         {tenants("{" + tenant + "}"), []string{"Options.Tenants", "GUID"}},
		"a tenant with a path":       {tenants(tenant + "/x"), []string{"Options.Tenants", "GUID"}},
		"a tenant and a space":       {tenants(tenant + " "), []string{"Options.Tenants", "GUID"}},
		"a tenant of other letters":  {tenants(tenant[:35] + "g"), []string{"Options.Tenants", "GUID"}},
		"a tenant of Unicode":        {tenants(tenant[:34] + "١"), []string{"Options.Tenants", "GUID"}},
		"a client by name":           {clients("orders-reader"), []string{"Options.Clients", "orders-reader", "GUID"}},
		"an empty client":            {clients(clientID, ""), []string{"Options.Clients", `""`, "GUID"}},
		"a cloud that is not there":  {in(3), []string{"Options.Cloud", "Public", "USGovernment", "China"}},
		"a negative cloud":           {in(-1), []string{"Options.Cloud", "Public"}},
		"an authority without https": {authority("http://login.microsoftonline.com"), []string{"Options.Authority", "https://"}},
		"a host":                     {authority("login.microsoftonline.com"), []string{"Options.Authority", "https://"}},
		"no host":                    {authority("https://"), []string{"Options.Authority", "https://"}},
		"a port without a host":      {authority("https://:443"), []string{"Options.Authority", "https://"}},
		"a user":                     {authority("https://user@mirror.example"), []string{"Options.Authority", "https://"}},
		"a query":                    {authority("https://mirror.example?x=y"), []string{"Options.Authority", "https://"}},
		"a fragment":                 {authority("https://mirror.example#x"), []string{"Options.Authority", "https://"}},
		"no address":                 {authority("https://mirror.example:x"), []string{"Options.Authority", "https://"}},
		"almost loopback":            {authority("http://localhost.attacker.example"), []string{"Options.Authority", "https://"}},
		"a file":                     {authority("file:///etc/keys"), []string{"Options.Authority", "https://"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := verify.Options{Audiences: []string{audience}, Tenants: []string{tenant}}
			tc.options(&opts)
			v, err := verify.New(opts)
			require.Error(t, err)
			require.Nil(t, v)
			require.ErrorContains(t, err, "verify: ")
			for _, says := range tc.says {
				require.ErrorContains(t, err, says)
			}
		})
	}
}

func tenants(ids ...string) edit { return func(o *verify.Options) { o.Tenants = ids } }

func authority(url string) edit { return func(o *verify.Options) { o.Authority = url } }

func TestTheZeroOptionsSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := verify.New(verify.Options{})
	require.ErrorContains(t, err, "Options.Audiences")
}

func TestOptionsThatLookOddAreGood(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]edit{
		"loopback by name": authority("http://localhost:8080"), "loopback": authority("http://127.0.0.1:8080/entra"), "loopback by IPv6": authority("http://[::1]:8080"),
		"a mirror with a slash": authority("https://mirror.example/"), "negative skew": skew(-1),
		"a tenant in upper case": tenants("7E000000-0000-4000-8000-00000000000A"), "a tenant twice": tenants(tenant, tenant),
		"a client id as an audience": to(clientID), "an audience with a slash": to(audience + "/"), "a path in an audience": to(audience + "/orders"),
		"a key file that is not there": keyFile("/none/of/these"), "a client of nothing": func(o *verify.Options) { o.HTTPClient = &http.Client{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := open(t, nil, options)
			require.NoError(t, v.Close())
		})
	}
}

func TestChangesOfTheOptionsAfterNewDoNotCount(t *testing.T) {
	virtually(t, func(t *testing.T) {
		audiences, ids, callers := []string{audience}, []string{tenant}, []string{objectID}
		hc := &http.Client{Transport: issue(first().jwk())}
		v, err := verify.New(verify.Options{Audiences: audiences, Tenants: ids, Clients: callers, HTTPClient: hc})
		require.NoError(t, err)
		defer func() { require.NoError(t, v.Close()) }()
		audiences[0], ids[0], callers[0] = "https://attacker.example", otherTenant, stranger
		hc.Transport = down()
		accept(t, v, mint())
		require.Nil(t, hc.CheckRedirect)
	})
}
