package verify_test

import (
	"context"
	"fmt"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// Which callers each requirement lets in.
func ExampleRequirement() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	identity := entra.Mint("https://orders.example.com") // with the role consumer
	user := entra.Mint("https://orders.example.com", func(j *imdstest.JWT) {
		j.Claims["scp"], j.Claims["idtyp"] = "orders.read orders.write", "user"
		delete(j.Claims, "roles")
	})
	passes := func(token string, required verify.Requirement) string {
		if _, err := verifier.Authorize(context.Background(), token, required); err != nil {
			return "-"
		}
		return "yes"
	}
	fmt.Println("requirement     identity  user")
	for _, r := range []struct {
		name     string
		required verify.Requirement
	}{
		{"Role consumer", verify.Role("consumer")},
		{"Role admin", verify.Role("admin")},
		{"AnyRole", verify.AnyRole("consumer", "admin")},
		{"Scope", verify.Scope("orders.read")},
		{"AnyScope", verify.AnyScope("orders.read", "orders.all")},
		{"AppOnly", verify.AppOnly()},
		{"Caller", verify.Caller(imdstest.DefaultClientID)},
	} {
		fmt.Printf("%-15s %-9s %s\n", r.name, passes(identity, r.required), passes(user, r.required))
	}
	// Output:
	// requirement     identity  user
	// Role consumer   yes       -
	// Role admin      -         -
	// AnyRole         yes       -
	// Scope           -         yes
	// AnyScope        -         yes
	// AppOnly         yes       -
	// Caller          yes       -
}

func ExampleClaims() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	claims, err := verifier.Verify(context.Background(), entra.Mint("https://orders.example.com", func(j *imdstest.JWT) {
		j.Claims["wids"] = []string{"b79fbf4d-3ef9-4689-8143-76b194e85509"}
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(claims.HasRole("consumer"), claims.HasScope("orders.read"), claims.AppOnly)

	var more struct { // claims without a field
		DirectoryRoles []string `json:"wids"`
	}
	fmt.Println(claims.Decode(&more), more.DirectoryRoles)
	// Output:
	// true false true
	// <nil> [b79fbf4d-3ef9-4689-8143-76b194e85509]
}

func ExampleClaims_Decode() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	claims, err := verifier.Verify(context.Background(), entra.Mint("https://orders.example.com", func(j *imdstest.JWT) {
		j.Claims["xms_mirid"] = "/subscriptions/…/userAssignedIdentities/orders"
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	var more struct {
		Resource string `json:"xms_mirid"`
	}
	err = claims.Decode(&more)
	fmt.Println(more.Resource, err)
	// Output: /subscriptions/…/userAssignedIdentities/orders <nil>
}
