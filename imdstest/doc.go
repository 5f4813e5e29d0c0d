// Package imdstest is a fake Azure identity endpoint for tests. It hands out signed tokens, is as
// strict about requests as the real endpoint, and breaks on demand.
//
//	func TestOrdersOutliveAnOutage(t *testing.T) {
//		imds := imdstest.NewServer(t, nil)
//		client, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
//		// …
//		imds.Break(imdstest.EntraDown()) // from now on Entra ID is away
//		imds.Next(imdstest.Status(429).WithRetryAfter(10 * time.Second))
//		// … call the code under test …
//		if imds.Count() > 10 {
//			t.Errorf("the endpoint was hammered: %v", imds.Requests())
//		}
//	}
//
// [NewServer] listens on loopback. [New] opens no socket: its [Server] is an [http.RoundTripper]
// and an azcore transporter, so that a test inside [testing/synctest] lives through 72 hours in
// milliseconds:
//
//	synctest.Test(t, func(t *testing.T) {
//		imds := imdstest.New(nil)
//		opts := &aztoken.Options{Endpoint: imds.URL}
//		opts.Transport = imds
//		// …
//		time.Sleep(72 * time.Hour)
//	})
//
// The same Server is an [http.Handler], for use in a separate program.
//
// The same address also answers as the token issuer: it publishes discovery documents and keys, so
// that the services of a test can verify the tokens.
//
// # Hosts
//
// The endpoint is that of every Azure host which has managed identities, all at once, told apart by
// the path. By default a client asks IMDS, the one of virtual machines, scale sets and AKS nodes.
// For the others it needs their environment, which the methods [Server.AppService],
// [Server.ContainerInstances], [Server.Arc], [Server.ServiceFabric], [Server.CloudShell],
// [Server.AzureML], [Server.WorkloadIdentity] and [Server.IdentityBinding] return. There are three
// ways to pass it to a client:
//
//	opts.Getenv = imds.AppService().Get       // to this one, and tests stay parallel
//	imds.AppService().Setenv(t)               // to any that reads the process's environment
//	command.Env = imds.AppService().Environ() // to a program that the test starts
//
// Each host checks its requests, chooses the identity and words its answers as the real one does;
// faults, log and platform are the same for all. Service Fabric and workload identity are served
// over https only, with a certificate of the server's own: see [Server.Client] and
// [Server.CertificateFile]. Identity bindings have their own authority and server name, which are
// in their environment: see [Server.TokenProxy]. As aztoken pins the certificate of Service Fabric,
// it needs a server of [NewServer] for it, and no Transport.
//
// # App registrations
//
// With [Options.Applications] the tenant has app registrations whose secret is another identity's
// token: that of the machine's identity, of a pod, or of a CI system ([Issuer.MintAssertion]).
// Entra ID, at the AZURE_AUTHORITY_HOST of every environment, checks it against the application's
// federated credentials, and refuses it with Entra's own error number:
//
//	imds := imdstest.NewServer(t, &imdstest.Options{Applications: []imdstest.Application{{
//		Tenants: []string{customer}, // it may ask for tokens there too
//	}}})
//	imds.Break(imdstest.Hang().ExchangeOnly()) // Entra hangs, but not the host's own endpoint
//
// # Protected services
//
// A test of a client needs a service that requires a token: [Server.Protect] is one. A test of a
// service needs tokens of every kind, and keys that change and break, which [Server.Issuer] has:
//
//	verifier := imds.Verifier(t, &verify.Options{Audiences: []string{"https://orders.example"}})
//	service := verifier.Handler(orders, verify.Role("reader"))
//	// …
//	token := imds.Mint("https://orders.example", func(j *imdstest.JWT) {
//		j.Claims["roles"] = []string{"reader"}
//	})
//	entra := imds.Issuer()
//	entra.RotateKey()                 // another key signs
//	entra.WithdrawKeys()              // and the ones before it are of no use any more
//	entra.Break(imdstest.EntraDown()) // keys cannot be fetched, but there are still tokens
//	// … call the service …
//	if entra.Count() > 2 {
//		t.Errorf("Entra was hammered: %v", entra.Requests())
//	}
//
// [Server.Mint] signs any token that a test wants, even with the test's own key ([JWT]).
// [Issuer.Publish] puts such a key among the server's.
//
// Tokens have the claims of real ones. As on the platform, they do not include idtyp unless
// [Options.OptionalClaims] asks for it, as a resource's manifest does.
//
// # Outages
//
// There are two kinds, and they look different to a client. When Entra ID is down ([EntraDown]),
// the endpoint still answers, and still serves the tokens that it has. When the endpoint itself is
// down, nothing answers: use [Refused], [Dropped] or [Hang]. A service sees the first kind when it
// fetches keys; [Issuer.Break] breaks the keys alone, without the tokens.
//
// # Situations from the field
//
// Each of these takes one line. A test can use them to check that a mistake is not taken for an
// outage:
//
//	imds.Break(imdstest.EC2())                        // not on Azure at all; or GCE
//	imds.Break(imdstest.EntraRefuses(501051, "…"))    // Entra ID refuses, with a correlation id
//	imds.Break(imdstest.NoDefaultIdentity())          // the identity is not assigned
//	imds.Break(imdstest.Status(500))                  // App Service, which hides the reason
//	imds.Break(imdstest.NotBound())                   // AKS: no role allows the pod this identity
//	imds.BreakFor(25*time.Second, imdstest.Refused()) // the endpoint is up after the program
package imdstest
