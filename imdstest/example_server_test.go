package imdstest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// inTest runs the body of a test function, whose t an example does not have.
func inTest(test func(t testing.TB)) {
	t := &exampleTB{}
	defer func() {
		for _, cleanup := range slices.Backward(t.cleanups) {
			cleanup()
		}
	}()
	test(t)
}

// exampleTB has what imdstest needs of a test.
type exampleTB struct {
	testing.TB
	cleanups []func()
}

func (t *exampleTB) Helper() {}

func (t *exampleTB) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

func (t *exampleTB) Fatal(args ...any) { log.Panic(args...) }

func (t *exampleTB) Fatalf(format string, args ...any) { log.Panicf(format, args...) }

func (t *exampleTB) Setenv(name, value string) {
	if former, ok := os.LookupEnv(name); ok {
		t.Cleanup(func() { _ = os.Setenv(name, former) })
	} else {
		t.Cleanup(func() { _ = os.Unsetenv(name) })
	}
	_ = os.Setenv(name, value)
}

// clientOf returns a client on a machine whose identity endpoint is imds.
func clientOf(imds *imdstest.Server) *aztoken.Client {
	opts := aztoken.Options{Getenv: imds.IMDS().Get}
	opts.Transport = imds
	client, err := aztoken.NewClient(&opts)
	if err != nil {
		log.Panic(err)
	}
	return client
}

// A program that has a token does not notice that Entra ID is down.
func Example() {
	imds := imdstest.New(nil)
	client := clientOf(imds)
	defer client.Close()
	ask := func(ctx context.Context, resource string) {
		_, err := client.Token(ctx, resource)
		fmt.Println(resource, err == nil)
	}
	ask(context.Background(), "https://orders.example")
	imds.Break(imdstest.EntraDown())
	ask(context.Background(), "https://orders.example")
	briefly, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	ask(briefly, "https://invoices.example") // the program never had a token for this resource
	// Output:
	// https://orders.example true
	// https://orders.example true
	// https://invoices.example false
}

func ExampleNewServer() {
	inTest(func(t testing.TB) { // func TestOrders(t *testing.T) {
		imds := imdstest.NewServer(t, nil)
		client, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()

		token, err := client.Token(context.Background(), "https://orders.example")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(time.Until(token.ExpiresOn).Round(time.Hour))
	})
	// Output: 24h0m0s
}

// One server is every host at once: the environment says which one a client takes it for.
func ExampleServer() {
	keys, err := os.MkdirTemp("", "arc")
	if err != nil {
		log.Panic(err)
	}
	defer os.RemoveAll(keys)
	imds := imdstest.New(&imdstest.Options{ArcKeyDir: keys})
	defer imds.Close()

	for _, host := range []imdstest.Environment{
		imds.IMDS(), imds.AppService(), imds.ContainerInstances(), imds.Arc(), imds.ServiceFabric(), imds.CloudShell(),
		imds.AzureML(), imds.WorkloadIdentity(), imds.IdentityBinding(),
	} {
		client, err := aztoken.NewClient(&aztoken.Options{Getenv: host.Get})
		if err != nil {
			fmt.Println(err)
			continue
		}
		name, _, _ := strings.Cut(client.Status().Host, " at ")
		fmt.Println(name)
		_ = client.Close()
	}
	// Output:
	// IMDS
	// App Service
	// Container Instances on Windows
	// Azure Arc
	// Service Fabric
	// Cloud Shell
	// Azure ML
	// workload identity
	// identity binding
}

func ExampleServer_Break() {
	imds := imdstest.New(nil)
	client := imds.Client()
	ask := func() {
		response, err := client.Get(imds.URL + "/metadata/identity/oauth2/token")
		if err != nil {
			fmt.Println("no answer")
			return
		}
		_ = response.Body.Close()
		fmt.Println(response.Status)
	}
	imds.Break(imdstest.Status(503))
	ask()
	ask()
	imds.BreakFor(time.Hour, imdstest.Refused()) // replaces it
	ask()
	imds.Recover()
	ask() // without the header Metadata
	// Output:
	// 503 Service Unavailable
	// 503 Service Unavailable
	// no answer
	// 400 Bad Request
}

func ExampleServer_BreakFor() {
	imds := imdstest.New(nil)
	client := imds.Client()
	imds.BreakFor(25*time.Second, imdstest.Refused()) // a sidecar that starts after the program
	_, err := client.Get(imds.URL)
	fmt.Println(err != nil)
	imds.Recover() // or 25 s later, by itself
	response, err := client.Get(imds.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = response.Body.Close()
	fmt.Println(response.Status)
	// Output:
	// true
	// 404 Not Found
}

// A test that no caller asks more than once.
func ExampleServer_Requests() {
	imds := imdstest.New(nil)
	client := clientOf(imds)
	defer client.Close()
	for range 10 {
		if _, err := client.Token(context.Background(), "https://orders.example"); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(imds.Count(), "request,", imds.MaxInFlight(), "at a time")
	for _, r := range imds.Requests() {
		fmt.Println(r.Host, r.Method, r.Resource, r.Status, r.Minted)
	}
	// Output:
	// 1 request, 1 at a time
	// IMDS GET https://orders.example 200 true
}

func ExampleServer_Count() {
	imds := imdstest.New(nil)
	client := clientOf(imds)
	defer client.Close()
	_ = client.Warm(context.Background(), "https://orders.example", "https://vault.azure.net")
	fmt.Println(imds.Count())
	// Output: 2
}

func ExampleServer_MaxInFlight() {
	imds := imdstest.New(nil)
	client := clientOf(imds)
	defer client.Close()
	_ = client.Warm(context.Background(), "https://1.example", "https://2.example", "https://3.example", "https://4.example", "https://5.example")
	fmt.Println(imds.MaxInFlight() <= 4) // which is as many as aztoken sends at a time
	// Output: true
}

func ExampleServer_Recover() {
	imds := imdstest.New(nil)
	client := clientOf(imds)
	defer client.Close()
	imds.Next(imdstest.Error(400, "invalid_resource", "The resource principal was not found in the tenant."))
	imds.Recover() // before any request has met it
	_, err := client.Token(context.Background(), "https://orders.example")
	fmt.Println(err)
	// Output: <nil>
}

func ExampleServer_Claims() {
	imds := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{
		SystemAssigned: true, Roles: map[string][]string{"https://orders.example": {"reader"}},
	}}})
	client := clientOf(imds)
	defer client.Close()
	token, err := client.Token(context.Background(), "https://orders.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := imds.Claims(token.Value())
	fmt.Println(claims["aud"], claims["oid"], claims["roles"], err)
	// Output: https://orders.example 0b000000-0000-4000-8000-000000000001 [reader] <nil>
}

func ExampleServer_Client() {
	imds := imdstest.New(nil)
	defer imds.Close() // which removes the file of the federated token
	pod := imds.WorkloadIdentity()
	exchange := func(assertion []byte) {
		response, err := imds.Client().PostForm(pod.Get("AZURE_AUTHORITY_HOST")+pod.Get("AZURE_TENANT_ID")+"/oauth2/v2.0/token", url.Values{
			"grant_type":            {"client_credentials"},
			"client_id":             {pod.Get("AZURE_CLIENT_ID")},
			"scope":                 {"https://orders.example/.default"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {string(assertion)},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = response.Body.Close()
		fmt.Println(response.Status)
	}
	assertion, _ := os.ReadFile(pod.Get("AZURE_FEDERATED_TOKEN_FILE"))
	exchange(assertion)
	imds.RotateFederatedToken()
	exchange(assertion) // with the previous token
	// Output:
	// 200 OK
	// 401 Unauthorized
}

// A program that keeps using the federated token with which it started fails a day later.
func ExampleServer_RotateFederatedToken() {
	imds := imdstest.New(nil)
	defer imds.Close()
	file := imds.WorkloadIdentity().Get("AZURE_FEDERATED_TOKEN_FILE")
	before, _ := os.ReadFile(file)
	imds.RotateFederatedToken()
	after, _ := os.ReadFile(file)
	fmt.Println("another token:", string(before) != string(after))
	// Output: another token: true
}

// For a program that serves the fake by itself, and a child process that trusts it.
func ExampleServer_TLSConfig() {
	imds := imdstest.New(nil)
	defer imds.Close() // which removes the file of the certificate
	server := httptest.NewUnstartedServer(imds)
	server.TLS = imds.TLSConfig()
	server.StartTLS()
	defer server.Close()

	pem, err := os.ReadFile(imds.CertificateFile())
	if err != nil {
		fmt.Println(err)
		return
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(server.URL + "/common/discovery/keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(response.Status, strings.Contains(string(body), `"kid"`))
	// Output: 200 OK true
}

func ExampleServer_CertificateFile() {
	imds := imdstest.New(nil)
	file := imds.CertificateFile()
	cmd := exec.Command("orders") // a program that the test starts
	cmd.Env = append(imds.WorkloadIdentity().Environ(), "SSL_CERT_FILE="+file)

	_, err := os.Stat(file)
	fmt.Println(err)
	imds.Close()
	_, err = os.Stat(file)
	fmt.Println(os.IsNotExist(err))
	// Output:
	// <nil>
	// true
}

// Close ends what hangs. A server of NewServer is closed with its test.
func ExampleServer_Close() {
	imds := imdstest.New(nil)
	imds.Break(imdstest.Hang())
	ended := make(chan error)
	go func() {
		_, err := imds.Client().Get(imds.URL)
		ended <- err
	}()
	for imds.Count() == 0 {
		time.Sleep(time.Millisecond) // until the request is under way
	}
	imds.Close()
	fmt.Println((<-ended) != nil)
	// Output: true
}

func ExampleServer_Verifier() {
	inTest(func(t testing.TB) { // func TestOrders(t *testing.T) {
		imds := imdstest.NewServer(t, nil)
		verifier := imds.Verifier(t, &verify.Options{Audiences: []string{"https://orders.example"}})
		service := verifier.Handler(http.NotFoundHandler(), verify.Role("reader"))

		for _, roles := range [][]string{nil, {"writer"}, {"reader"}} {
			token := imds.Mint("https://orders.example", func(j *imdstest.JWT) { j.Claims["roles"] = roles })
			request := httptest.NewRequest(http.MethodGet, "/orders", nil)
			request.Header.Set("Authorization", "Bearer "+token)
			recorder := httptest.NewRecorder()
			service.ServeHTTP(recorder, request)
			fmt.Println(roles, recorder.Code)
		}
	})
	// Output:
	// [] 401
	// [writer] 403
	// [reader] 404
}

// For a program, which has no test that closes the verifier.
func ExampleServer_VerifierOptions() {
	imds := imdstest.New(nil)
	verifier, err := verify.New(imds.VerifierOptions(&verify.Options{
		Audiences: []string{"https://orders.example"}, AllowRoleless: true,
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer verifier.Close()
	claims, err := verifier.Verify(context.Background(), imds.Mint("https://orders.example"))
	fmt.Println(claims.TenantID == imdstest.DefaultTenantID, err)
	// Output: true <nil>
}

func ExampleServer_Issuer() {
	imds := imdstest.New(nil)
	before := imds.Mint("https://orders.example")
	imds.Issuer().RotateKey()
	imds.Issuer().WithdrawKeys()

	service := serviceOf(imds)
	defer service.Close()
	_, err := service.Verify(context.Background(), before)
	fmt.Println(errors.Is(err, verify.ErrSignature))
	_, err = service.Verify(context.Background(), imds.Mint("https://orders.example"))
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

func ExampleTokenProxy() {
	imds := imdstest.New(nil)
	defer imds.Close()
	file := imds.IdentityBinding().Get("AZURE_KUBERNETES_CA_FILE")
	read := func() {
		content, err := os.ReadFile(file)
		fmt.Println(err == nil, string(content) == string(imds.TokenProxy().CA()))
	}
	read()
	imds.TokenProxy().WriteCA([]byte{}) // while the kubelet swaps the file
	read()
	imds.TokenProxy().WriteCA(nil)
	read()
	imds.TokenProxy().RotateCA()
	read()
	// Output:
	// true true
	// true false
	// false false
	// true true
}

func ExampleEnvironment() {
	imds := imdstest.New(nil)
	host := imds.AppService()

	fmt.Println(host.Get("IDENTITY_ENDPOINT")) // for aztoken.Options.Getenv

	cmd := exec.Command("orders") // a program that the test starts
	cmd.Env = host.Environ()
	fmt.Println(slices.Contains(cmd.Env, "IDENTITY_ENDPOINT=http://imds.test/msi/token"))

	inTest(func(t testing.TB) { // func TestOrders(t *testing.T) {
		host.Setenv(t) // for code that reads the environment of this process
		fmt.Println(os.Getenv("IDENTITY_ENDPOINT"))
	})
	fmt.Println(os.Getenv("IDENTITY_ENDPOINT") == "")
	// Output:
	// http://imds.test/msi/token
	// true
	// http://imds.test/msi/token
	// true
}
