package verify_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// A service keeps working through an outage of Entra ID.
func Example() {
	entra := fakeEntra()
	verifier, err := verify.New(&verify.Options{
		Audiences: []string{"https://orders.example.com"},
		Tenants:   []string{imdstest.DefaultTenantID},
		// A service needs neither of these; with them a test gets the keys of the fake.
		Authority:  "https://imds.test",
		HTTPClient: entra.Client(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer verifier.Close()
	call := func() {
		claims, err := verifier.Authorize(context.Background(), entra.Mint("https://orders.example.com"), verify.Role("consumer"))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("hello", claims.ObjectID)
	}
	call()
	entra.Issuer().Break(imdstest.EntraDown())
	call()
	// Output:
	// hello 0b000000-0000-4000-8000-000000000001
	// hello 0b000000-0000-4000-8000-000000000001
}

// A service that fetches the keys before it reports that it is ready.
func ExampleVerifier_Warm() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	fmt.Println(verifier.Warm(context.Background()))

	entra.Issuer().Break(imdstest.EntraDown())
	late := exampleVerifier(entra)
	defer late.Close()
	err := late.Warm(context.Background())
	// The verifier keeps trying, so the service can start to answer requests.
	fmt.Println(errors.Is(err, verify.ErrKeysUnavailable))
	// Output:
	// <nil>
	// true
}

func ExampleVerifier_Status() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	fmt.Printf("%q %d\n", verifier.Status().KeySource, verifier.Status().Keys)
	_ = verifier.Warm(context.Background())
	status := verifier.Status()
	fmt.Printf("%q %d\n", status.KeySource, status.Keys)
	fmt.Println("they serve for", status.ExpireOn.Sub(status.FetchedOn))
	// Output:
	// "" 0
	// "entra" 1
	// they serve for 24h0m0s
}

// After a change that cached tokens must not survive, such as one of a deny list.
func ExampleVerifier_Forget() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()
	token := entra.Mint("https://orders.example.com")

	_, err := verifier.Verify(context.Background(), token)
	fmt.Println(err)
	verifier.Forget()
	_, err = verifier.Verify(context.Background(), token) // its signature is checked again
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
}

func ExampleVerifier_Close() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	fmt.Println(verifier.Close())
	_, err := verifier.Verify(context.Background(), entra.Mint("https://orders.example.com"))
	fmt.Println(errors.Is(err, verify.ErrClosed))
	// Output:
	// <nil>
	// true
}

func ExampleEvent() {
	entra := fakeEntra()
	events := make(chan verify.Event, 10)
	verifier, err := verify.New(entra.VerifierOptions(&verify.Options{
		Audiences: []string{"https://orders.example.com"},
		OnEvent:   func(e verify.Event) { events <- e }, // in a service: count e.Kind
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer verifier.Close()
	_, _ = verifier.Verify(context.Background(), entra.Mint("https://orders.example.com", func(j *imdstest.JWT) {
		j.Claims["exp"] = time.Now().Add(-time.Hour).Unix()
	}))
	for e := range events {
		if e.Kind == verify.EventRejected { // others are of the keys
			fmt.Println(e.Kind, errors.Is(e.Err, verify.ErrExpired))
			break
		}
	}
	// Output: rejected true
}

// A service in Azure Government.
func ExampleCloud() {
	verifier, err := verify.New(&verify.Options{
		Audiences: []string{"https://orders.example.us"},
		Tenants:   []string{"7e000000-0000-4000-8000-000000000001"},
		Cloud:     verify.USGovernment,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer verifier.Close()
	fmt.Println(verifier.Status().Keys) // none are fetched before the first token comes
	// Output: 0
}
