package main

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// lockTime is how long a failed refresh holds the store's lock: aztoken's refreshTTL.
const lockTime = time.Minute

// A group is a set of instances that share a store, such as all instances of one identity that use
// the same Redis. They share one token, and one of them refreshes it.
type group struct {
	fleet
	random      *rand.Rand
	tally       *tally
	acquired    time.Duration // when the token in the store was acquired
	lockedUntil time.Duration
	members     members
}

// member is one instance and the token that it holds.
type member struct {
	acquired time.Duration
	alone    time.Duration // when it requests a token even if another holds the lock
	next     time.Duration // when it acts next
	failures int
	looks    int
}

// liveTogether simulates n instances that share a store, from their start at the time at to the end
// of the span.
func (f fleet) liveTogether(n int, at time.Duration, random *rand.Rand, t *tally) {
	g := &group{fleet: f, random: random, tally: t, acquired: at}
	t.request(at)
	for range n {
		m := &member{}
		g.adopt(m)
		g.members = append(g.members, m)
	}
	heap.Init(&g.members)
	for g.members[0].next < span {
		g.act(g.members[0])
		heap.Fix(&g.members, 0)
	}
}

// act simulates an instance whose refresh is due: it looks in the store and requests a token if it
// is its turn.
func (g *group) act(m *member) {
	now := m.next
	left := m.acquired + tokenLife - now
	switch {
	case m.acquired < g.acquired:
		g.tally.renewed(now, m.acquired+tokenLife-schedule.ExpirySkew, m.failures)
		g.adopt(m)
	case now < g.lockedUntil && !schedule.AsksAlone(epoch.Add(now), epoch.Add(m.alone), epoch.Add(m.acquired+tokenLife), m.looks):
		m.looks++
		m.next = now + max(time.Second, schedule.Look(m.looks, left, g.random.Float64()))
		if now < m.alone {
			m.next = min(m.next, m.alone)
		}
	case g.scenario.outage.covers(now):
		g.tally.request(now)
		g.lockedUntil = max(g.lockedUntil, now+lockTime)
		m.failures++
		m.next = now + g.strategy.wait(m.failures, left, g.random.Float64())
	default:
		g.tally.request(now)
		g.tally.renewed(now, m.acquired+tokenLife-schedule.ExpirySkew, m.failures)
		g.acquired, g.lockedUntil = now, now
		g.adopt(m)
	}
}

// adopt makes an instance use the token in the store. The next refresh is scheduled from the time
// that token was acquired.
func (g *group) adopt(m *member) {
	from, until := epoch.Add(g.acquired), epoch.Add(g.acquired+tokenLife)
	*m = member{
		acquired: g.acquired,
		alone:    schedule.Alone(from, until, g.random.Float64()).Sub(epoch),
		next:     g.strategy.due(from, until, g.random.Float64()).Sub(epoch),
	}
}

// members is a heap ordered by next.
type members []*member

func (m members) Len() int           { return len(m) }
func (m members) Less(i, j int) bool { return m[i].next < m[j].next }
func (m members) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *members) Push(x any)        { *m = append(*m, x.(*member)) }
func (m *members) Pop() any {
	last := len(*m) - 1
	x := (*m)[last]
	*m = (*m)[:last]
	return x
}
