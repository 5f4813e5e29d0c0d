package kafka_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	"github.com/seed-ac726066/aztoken/verify"
)

// resource is the resource of an Event Hubs namespace.
const resource = "https://orders.servicebus.windows.net"

// broker is kfake plus what it lacks: OAUTHBEARER (RFC 7628), sessions that end with their token
// (KIP-368), and refusal of requests without a session.
type broker struct {
	addrs    []string
	verifier *verify.Verifier
}

func startBroker(t *testing.T, entra *imdstest.Server) *broker {
	t.Helper()
	b := &broker{verifier: entra.Verifier(t, &verify.Options{
		Audiences: []string{resource}, Callers: []string{recipetest.Known.ObjectID}, AllowRoleless: true,
	})}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders"), kfake.ListenFn(b.listen))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	cluster.ControlKey(int16(kmsg.SASLHandshake), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		return r.ResponseKind(), nil, true
	})
	cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		reply := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		until, err := b.check(r.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes)
		if err != nil {
			reply.ErrorCode = kerr.SaslAuthenticationFailed.Code
			return reply, nil, true
		}
		reply.SessionLifetimeMillis = time.Until(until).Milliseconds()
		return reply, nil, true
	})
	b.addrs = cluster.ListenAddrs()
	return b
}

// check returns when the token in a client's first message expires.
func (b *broker) check(message []byte) (time.Time, error) {
	_, rest, _ := strings.Cut(string(message), "\x01auth=Bearer ")
	token, _, _ := strings.Cut(rest, "\x01")
	claims, err := b.verifier.Verify(context.Background(), token)
	if err != nil {
		return time.Time{}, err
	}
	return claims.ExpiresOn, nil
}

// listen returns a listener whose connections each have their own session.
func (b *broker) listen(network, address string) (net.Listener, error) {
	listener, err := net.Listen(network, address)
	return gate{listener, b}, err
}

type gate struct {
	net.Listener
	broker *broker
}

func (g gate) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &session{Conn: conn, broker: g.broker}, nil
}

// session is a connection that the broker reads request by request.
type session struct {
	net.Conn
	broker *broker
	until  time.Time // the end of the session; zero if there is none
	unread bytes.Buffer
}

var errNoSession = errors.New("a request without a session, or after its end")

// Read reads what the client sent. An error makes the broker close the connection.
func (s *session) Read(p []byte) (int, error) {
	if s.unread.Len() == 0 {
		request, err := s.request()
		if err != nil {
			return 0, err
		}
		s.unread.Write(request)
	}
	return s.unread.Read(p)
}

// request returns the next request, if the session allows it.
func (s *session) request() ([]byte, error) {
	request := make([]byte, 6) // its length and its key
	if _, err := io.ReadFull(s.Conn, request); err != nil {
		return nil, err
	}
	rest := make([]byte, binary.BigEndian.Uint32(request)-2)
	if _, err := io.ReadFull(s.Conn, rest); err != nil {
		return nil, err
	}
	switch kmsg.Key(binary.BigEndian.Uint16(request[4:])) {
	case kmsg.SASLHandshake, kmsg.ApiVersions:
	case kmsg.SASLAuthenticate:
		s.until, _ = s.broker.check(rest)
	default:
		if !time.Now().Before(s.until) {
			return nil, errNoSession
		}
	}
	return append(request, rest...), nil
}
