package aztoken

import (
	"fmt"
	"log/slog"
	"reflect"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// Options are the settings of a [Client]. The zero value is right for a program on an Azure host.
//
// User code (Credential, Logger, OnEvent, callbacks of OnRotate) may panic, be slow or never
// return: no caller misses its deadline, and other resources are not affected. The value of a panic
// goes to Logger and to Event.Err.
type Options struct {
	// ClientOptions are those of every Azure SDK client, for the requests to the identity endpoint:
	//
	//	Transport        used without its proxy, redirects and cookies if it is an *http.Client.
	//	                 A RoundTripper in it that is not an *http.Transport, or a Transport that
	//	                 is not an *http.Client, must itself use no proxy and follow no redirect.
	//	                 Nil makes a new client.
	//	PerCallPolicies, PerRetryPolicies, Telemetry, TracingProvider
	//	                 as in every Azure SDK client.
	//	Logging          never shows a body or a secret header.
	//	Cloud            names the login host for Federation, and must be zero without it.
	//	Retry, APIVersion
	//	                 must be zero: they would have no effect, and NewClient says what to
	//	                 set instead.
	//
	// (The endpoint of workload identity and Federation is on the internet: requests to it use the
	// proxy of the environment, or that of your client.)
	azcore.ClientOptions

	// ID is the managed identity to use. Nil is the host's default: the system-assigned one or, on
	// most hosts, the only one. If the host does not support this kind of ID, NewClient returns an
	// error.
	ID ID

	// Credential is the source of tokens in place of the host's managed identity: any
	// azcore.TokenCredential, for example azidentity's Azure CLI credential on a developer's
	// machine. ClientOptions, ID, Endpoint and Getenv do not apply.
	Credential azcore.TokenCredential

	// Federation makes the client get the tokens of an app registration, for which the managed
	// identity, or another assertion, is the credential. Nil is none.
	Federation *Federation

	// Endpoint is the base URL of IMDS. If set, it overrides the host that the environment names.
	// "" means that host, or http://169.254.169.254 if it names none.
	Endpoint string

	// Getenv reads the environment variables by which the host is found, when the client is made.
	// Nil is os.Getenv. Tests pass that of imdstest.Environment. The proxy of workload identity is
	// always that of the process.
	Getenv func(name string) string

	// Refresh decides when a token is replaced. The zero value is HalfLife().
	Refresh RefreshPolicy

	// Store keeps tokens beyond the life of the process, so that a restart or a new instance has a
	// token during an outage: tokenstore.New(tokenstore.Dir(path)), or Redis for a fleet. A store
	// that several machines share needs an explicit ID. If the store does not work, calls that the
	// client can serve without it neither fail nor wait. Nil keeps tokens in this process only.
	Store *tokenstore.Store

	// Logger gets a line for each Event. Nil logs nothing.
	Logger *slog.Logger

	// OnEvent is called for every Event, one at a time and in order, in a goroutine of the client:
	// what the Event reports has taken effect by then. It must not close the client. Nil is none.
	OnEvent func(Event)
}

// check returns an error for options that would have no effect.
func (o *Options) check() error {
	for _, f := range []struct {
		name, instead string
		value         any
	}{
		{"Retry", "the client has a schedule of retries of its own; leave Retry zero, and set Refresh for more cover", o.Retry},
		{"APIVersion", "each host's endpoint has its own; leave APIVersion empty", o.APIVersion},
		{"Cloud", "the endpoint decides on the cloud, and workload identity reads it from AZURE_AUTHORITY_HOST; leave Cloud zero", o.Cloud},
	} {
		if f.name == "Cloud" && o.Federation != nil {
			continue // it names the login host
		}
		if !reflect.ValueOf(f.value).IsZero() {
			return fmt.Errorf("aztoken: Options.%s has no effect: %s", f.name, f.instead)
		}
	}
	return o.checkFederation()
}
