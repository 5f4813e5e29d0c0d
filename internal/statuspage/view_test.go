package statuspage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

// sections returns the sections of a page, with plain spaces.
func sections(t *testing.T, clients []aztoken.Status, keys *verify.Status) []Section {
	t.Helper()
	r := Report{Time: now}
	for _, c := range clients {
		r.Clients = append(r.Clients, newClientReport("", c, now))
	}
	if keys != nil {
		k := newKeyReport(*keys, now)
		r.Verifier = &k
	}
	return newView(r).Sections
}

func plain(text string) string { return strings.ReplaceAll(text, noBreak, " ") }

func cardOf(t *testing.T, r aztoken.ResourceStatus) Card {
	t.Helper()
	return sections(t, []aztoken.Status{client(r)}, nil)[0].Cards[0]
}

// moments returns the times of a card as a person reads them.
func moments(c Card) (all []string) {
	for _, m := range c.Times {
		all = append(all, plain(m.Label+" "+m.Clock+" "+m.Since))
	}
	return all
}

func TestTokenCard(t *testing.T) {
	t.Parallel()
	c := cardOf(t, token(20*time.Hour))
	require.Equal(t, "valid", c.Label)
	require.Equal(t, "20 h", plain(c.Cover))
	require.Equal(t, []string{"from the endpoint"}, c.About)
	require.Equal(t, []string{"acquired 10:00 UTC 4 h ago", "next refresh 20:00 UTC in 6 h", "expires 27 Nov 10:00 UTC in 20 h"}, moments(c))
	require.Equal(t, "20 h of 24 h left, acquired 4 h ago, next refresh in 6 h, expires in 20 h", plain(c.Spoken))
	require.Empty(t, c.Fault)

	c = cardOf(t, token(10*time.Hour))
	require.Equal(t, "next refresh 10:00 UTC due", moments(c)[1], "it is under way")
	require.Equal(t, c.Bar.Used, c.Bar.Next)

	c = cardOf(t, token(10*time.Hour, unused))
	require.Len(t, c.Times, 2, "none is planned")
	require.False(t, c.Bar.HasNext)

	c = cardOf(t, token(10*time.Hour, failed, func(r *aztoken.ResourceStatus) { r.Source, r.Identity, r.Tenant, r.CAE = "store", "c0", "7e", true }))
	require.Equal(t, []string{"from the token store", "identity c0", "tenant 7e", "CAE"}, c.About)
	require.Equal(t, "3 tries failed, the last 1 min ago", plain(c.Fault))
	require.Equal(t, down, c.Error)
	require.Empty(t, c.Full)

	c = cardOf(t, token(-time.Hour, failed))
	require.Equal(t, "expired 13:00 UTC 1 h ago", moments(c)[2])
	require.Equal(t, "next refresh 14:01 UTC in 1 min", moments(c)[1])
	require.Equal(t, "no cover", c.Cover+c.Unit)
	require.True(t, c.HasBar)

	c = cardOf(t, none())
	require.False(t, c.HasBar)
	require.Empty(t, c.Times)
	require.Equal(t, "no cover", c.Cover+c.Unit)
	require.Equal(t, "2 tries failed, the last just now", plain(c.Fault))

	require.Equal(t, `""`, cardOf(t, aztoken.ResourceStatus{LastError: down}).Name)

	long := none()
	long.LastError = strings.Repeat("é", 10_000)
	c = cardOf(t, long)
	require.Len(t, []rune(c.Error), shortError+1)
	require.Len(t, []rune(c.Full), maxError+1)
}

func TestKeyCard(t *testing.T) {
	t.Parallel()
	s := keys(20 * time.Hour)
	got := sections(t, nil, &s)[0]
	require.Len(t, got.Cards, 1)
	c := got.Cards[0]
	require.Equal(t, []string{"6 keys", "from Entra ID"}, c.About)
	require.Equal(t, []string{"fetched 10:00 UTC 4 h ago", "next fetch 14:01 UTC in 1 min", "serve until 27 Nov 10:00 UTC in 20 h"}, moments(c))

	s = keys(20*time.Hour, notFetched)
	s.KeySource, s.Keys = "key file", 1
	c = sections(t, nil, &s)[0].Cards[0]
	require.Equal(t, []string{"1 key", "from the key file"}, c.About)
	require.Equal(t, "the last fetch failed 1 min ago", plain(c.Fault))

	s = verify.Status{LastError: down, LastErrorOn: now, NextFetchOn: now.Add(20 * time.Second)}
	c = sections(t, nil, &s)[0].Cards[0]
	require.Equal(t, "the last fetch failed just now, the next comes in 20 s", plain(c.Fault))
	require.Empty(t, c.About)

	s = verify.Status{}
	require.Empty(t, sections(t, nil, &s)[0].Cards)
	s = verify.Status{Tenants: map[string]verify.Status{"b": keys(time.Hour), "a": keys(time.Hour, notFetched), "c": {}}}
	got = sections(t, nil, &s)[0]
	require.Len(t, got.Cards, 2, "of c nothing is known")
	require.Equal(t, "Keys of tenant a", got.Cards[0].Name)
	s.Closed = true
	got = sections(t, nil, &s)[0]
	require.Empty(t, got.Cards)
	require.Contains(t, got.Empty, "closed")
}

func TestClientSection(t *testing.T) {
	t.Parallel()
	all := make([]aztoken.ResourceStatus, 0, 1500)
	for i := range cap(all) {
		r := token(20 * time.Hour)
		if i >= 1200 {
			r = token(time.Hour, failed)
		}
		r.Resource = fmt.Sprintf("api://service-%04d", i)
		all = append(all, r)
	}
	s := sections(t, []aztoken.Status{{Host: "IMDS", Identity: "default", StoreError: "full", Resources: all}}, nil)[0]
	require.Equal(t, []string{"identity default", "from IMDS"}, s.About)
	require.Contains(t, s.Notice, "full")
	require.Len(t, s.Cards, maxCards)
	require.Equal(t, 500, s.More)
	require.Equal(t, "api://service-1200", s.Cards[0].Name, "the worst come first, and are sorted by name")
	require.Equal(t, "api://service-0000", s.Cards[300].Name)
	require.Equal(t, "api://service-0000", all[0].Resource, "the status is not changed")

	s = sections(t, []aztoken.Status{{Closed: true, StoreError: "closed"}}, nil)[0]
	require.Empty(t, s.Notice, "a closed client needs none")
}
