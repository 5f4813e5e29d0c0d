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
		"a placeholder":              {to("{client-id}"), []string{"Options.Audiences", "placeholder"}},
		"a GUID in braces":           {to("{" + clientID + "}"), []string{"Options.Audiences", "placeholder"}},
		"a placeholder in a URI":     {to("api://<client id>"), []string{"Options.Audiences", "placeholder"}},
		"an issuer of everybody":     {issuers("https://login.example/v2.0"), []string{"Options.Issuers", "{tenantid}"}},
		"an issuer of another":       {issuers("https://login.example/" + otherTenant + "/v2.0"), []string{"Options.Issuers", "{tenantid}"}},
		"another placeholder":        {issuers("https://login.example/{tenantid}/{policy}"), []string{"Options.Issuers", "{tenantid}"}},
		"a placeholder's other case": {issuers("https://login.example/{TenantId}/"), []string{"Options.Issuers", "{tenantid}"}},
		"an issuer over http":        {issuers("http://login.example/{tenantid}/"), []string{"Options.Issuers"}},
		"an issuer with a query":     {issuers("https://login.example/{tenantid}/?p=x"), []string{"Options.Issuers"}},
		"an empty issuer":            {issuers(""), []string{"Options.Issuers"}},
		"a realm of two lines":       {func(o *verify.Options) { o.Realm = "a\r\nb" }, []string{"Options.Realm"}},
		"metadata without a host":    {metadata("/.well-known/oauth-protected-resource"), []string{"Options.ResourceMetadata", "https://"}},
		"metadata over http":         {metadata("http://orders.example.com/"), []string{"Options.ResourceMetadata"}},
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
		"a client by name":           {callers("orders-reader"), []string{"Options.Callers", "orders-reader", "GUID"}},
		"an empty client":            {callers(clientID, ""), []string{"Options.Callers", `""`, "GUID"}},
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
			opts := &verify.Options{Audiences: []string{audience}, Tenants: []string{tenant}}
			tc.options(opts)
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

func issuers(all ...string) edit { return func(o *verify.Options) { o.Issuers = all } }

func metadata(url string) edit { return func(o *verify.Options) { o.ResourceMetadata = url } }

func authority(url string) edit { return func(o *verify.Options) { o.Authority = url } }

func TestTheZeroOptionsSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := verify.New(&verify.Options{})
	require.ErrorContains(t, err, "Options.Audiences")
	_, err = verify.New(nil)
	require.ErrorContains(t, err, "the Options are nil")
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
		v, err := verify.New(&verify.Options{Audiences: audiences, Tenants: ids, Callers: callers, HTTPClient: hc})
		require.NoError(t, err)
		defer func() { require.NoError(t, v.Close()) }()
		audiences[0], ids[0], callers[0] = "https://attacker.example", otherTenant, stranger
		hc.Transport = down()
		accept(t, v, mint())
		require.Nil(t, hc.CheckRedirect)
	})
}
