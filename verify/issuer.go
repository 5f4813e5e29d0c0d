package verify

import (
	"net/url"
	"slices"
	"strings"
)

// anyTenant stands for the tenant in what Entra publishes for all of them.
const anyTenant = "{tenantid}"

// template is an issuer in which {tenantid} stands for the tenant.
type template string

// of returns the issuer of a tenant.
func (t template) of(tenant string) string { return strings.ReplaceAll(string(t), anyTenant, tenant) }

// is reports whether issuer is that of tenant. An issuer without the tenant's id would be that of
// every tenant.
func (t template) is(issuer, tenant string) bool {
	if tenant == "" || !strings.Contains(issuer, tenant) {
		return false
	}
	// This allocates no new string because it runs in every verification.
	for rest, more := string(t), true; more; {
		var fixed string
		if fixed, rest, more = strings.Cut(rest, anyTenant); !strings.HasPrefix(issuer, fixed) {
			return false
		}
		if issuer = issuer[len(fixed):]; more && !strings.HasPrefix(issuer, tenant) {
			return false
		}
		if more {
			issuer = issuer[len(tenant):]
		}
	}
	return issuer == ""
}

// isFor reports whether what is published for all tenants, or for one, is of t for tenant.
func (t template) isFor(published, tenant string) bool {
	return published == string(t) && strings.Contains(published, anyTenant) || t.is(published, tenant)
}

// issuers are those whose tokens are accepted, and how to recognize their keys.
type issuers struct {
	v1, v2 template   // of a cloud
	own    []template // Options.Issuers, in place of v1 and v2
	hosts  []string   // that a discovery document may name for the keys, from any server
	clouds []string   // cloud_instance_name of keys
}

// ofCloud returns the issuers of a cloud.
func ofCloud(h hosts) issuers {
	return issuers{
		v1:    template("https://" + h.sts + "/" + anyTenant + "/"),
		v2:    template("https://" + h.login + "/" + anyTenant + "/v2.0"),
		hosts: []string{h.login}, clouds: []string{h.name, h.login},
	}
}

// replacedBy returns the issuers with those of Options.Issuers, whose keys may say which cloud's
// they are by their own host, the domain above it, or as the cloud's (External ID is in the public
// one).
func (i issuers) replacedBy(own []template) issuers {
	if len(own) == 0 {
		return i
	}
	i = issuers{own: own, clouds: i.clouds}
	for _, t := range own {
		u, err := url.Parse(t.of("tenant"))
		if err != nil {
			continue // resolve has parsed them all
		}
		_, domain, _ := strings.Cut(u.Hostname(), ".")
		i.hosts = append(i.hosts, u.Host)
		i.clouds = append(i.clouds, u.Hostname(), domain)
	}
	return i
}

// want returns the issuers of a tenant's tokens of a version, "1.0" or "2.0"; none for any other.
func (i issuers) want(version, tenant string) (all []string) {
	switch {
	case version != "1.0" && version != "2.0":
	case i.own != nil:
		for _, t := range i.own {
			all = append(all, t.of(tenant))
		}
	case version == "1.0":
		all = []string{i.v1.of(tenant)}
	default:
		all = []string{i.v2.of(tenant)}
	}
	return all
}

// accepts reports whether issuer issues the tokens of a version of tenant.
func (i issuers) accepts(issuer, version, tenant string) bool {
	switch {
	case version != "1.0" && version != "2.0":
		return false
	case i.own != nil:
		return slices.ContainsFunc(i.own, func(t template) bool { return t.is(issuer, tenant) })
	case version == "1.0":
		return i.v1.is(issuer, tenant)
	}
	return i.v2.is(issuer, tenant)
}

// all are the issuers for which keys are published, in the form of both versions.
func (i issuers) all() []template {
	if i.own != nil {
		return i.own
	}
	return []template{i.v2, i.v1}
}

// maySign reports whether a key that is published for origin may sign tokens of tenant. A key
// without an issuer may, and one for all tenants; an issuer is in the form of v2 as a rule, but
// good for both versions.
func (i issuers) maySign(o keyOrigin, tenant string) bool {
	if o.cloud != "" && !slices.Contains(i.clouds, lowerASCII(o.cloud)) {
		return false
	}
	if o.issuer == "" {
		return true
	}
	if i.own == nil {
		return i.v2.isFor(o.issuer, tenant) || i.v1.isFor(o.issuer, tenant)
	}
	return slices.ContainsFunc(i.own, func(t template) bool { return t.isFor(o.issuer, tenant) })
}
