package world

import (
	"cmp"
	"os"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// program is what is under test: one client and one verifier at a time, and the key file that
// outlives verifiers.
type program struct {
	*environment
	saved savedKeys

	// mu guards what follows. Under it no other lock is taken.
	mu       sync.Mutex
	client   *client
	verifier *verifier
}

func (p *program) currentClient() *client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.client
}

func (p *program) currentVerifier() *verifier {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.verifier
}

// restart closes parts of the program and opens them again, as a deployment does.
func (p *program) restart(r plan.Restart) (err error) {
	if r.Verifier {
		p.closeVerifier(p.currentVerifier())
		if r.ForgetKeys {
			p.saved.forget()
		}
		err = p.openVerifier()
	}
	if r.Client {
		p.closeClient(p.currentClient())
		err = cmp.Or(err, p.openClient())
	}
	return err
}

// openClient opens a client in place of the one before.
func (p *program) openClient() error {
	c, err := newClient(p.environment, p.askService)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client = c
	return nil
}

func (p *program) closeClient(c *client) {
	c.ends(false)
	began := time.Now()
	err := c.Close()
	p.journal.report(rules.Closed("client", time.Since(began), err, p.slack))
	c.ends(true)
}

// openVerifier opens a service in place of the one before.
func (p *program) openVerifier() error {
	v, err := newVerifier(p.environment, &p.saved)
	if err != nil {
		return err
	}
	handler := v.handler()
	if p.breakage.service != nil {
		handler = p.breakage.service(handler)
	}
	p.network.service.Store(&handler)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.verifier = v
	return nil
}

func (p *program) closeVerifier(v *verifier) {
	p.settle() // keys that came this moment are in the file then
	v.ends()
	began := time.Now()
	err := v.Close()
	p.journal.report(rules.Closed("verifier", time.Since(began), err, p.slack))
}

// savedKeys is what is known about the key file.
type savedKeys struct {
	path string // "": there is none

	// mu guards what follows. Under it no other lock is taken.
	mu   sync.Mutex
	view rules.Keyview
}

// read returns the view of a verifier that starts with the file.
func (s *savedKeys) read() rules.Keyview {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

func (s *savedKeys) write(view rules.Keyview) {
	if s.path == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view = view
}

// forget removes the file, as a new machine has none.
func (s *savedKeys) forget() {
	_ = os.Remove(s.path)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view = rules.Keyview{}
}
