package imdstest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func ExampleNew() {
	imds := imdstest.New(nil)
	client := &http.Client{Transport: imds}

	request, _ := http.NewRequest(http.MethodGet,
		imds.URL+"/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://orders.example", nil)
	request.Header.Set("Metadata", "true")
	response, err := client.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status, response.Header.Get("Content-Type"))
	fmt.Println(imds.Count(), "request, minted:", imds.Requests()[0].Minted)
	// Output:
	// 200 OK application/json; charset=utf-8
	// 1 request, minted: true
}

func ExampleServer_Next() {
	imds := imdstest.New(nil)
	imds.Next(imdstest.Status(429).WithRetryAfter(10*time.Second), imdstest.Refused())

	client := &http.Client{Transport: imds}
	for range 3 {
		response, err := client.Get(imds.URL + "/metadata/identity/oauth2/token")
		if err != nil {
			fmt.Println(err)
			continue
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		fmt.Printf("%s, %q\n", response.Status, body)
	}
	// Output:
	// 429 Too Many Requests, ""
	// Get "http://imds.test/metadata/identity/oauth2/token": dial tcp imds.test:80: connect: connection refused
	// 400 Bad Request, "{\"error\":\"invalid_request\",\"error_description\":\"Required metadata header not specified\"}"
}

func ExampleServer_AppService() {
	imds := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{ClientID: "11111111-0000-4000-8000-000000000001"}}})
	client := imds.Client()

	getenv := imds.AppService().Get // the app uses it in place of os.Getenv
	ask := func(id string) {
		request, _ := http.NewRequest(http.MethodGet,
			getenv("IDENTITY_ENDPOINT")+"?api-version=2019-08-01&resource=https://orders.example"+id, nil)
		request.Header.Set("X-IDENTITY-HEADER", getenv("IDENTITY_HEADER"))
		response, err := client.Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer response.Body.Close()
		var body struct {
			Message  string
			ClientID string `json:"client_id"`
		}
		err = json.NewDecoder(response.Body).Decode(&body)
		fmt.Println(response.Status, body.ClientID, body.Message, err)
	}
	ask("&client_id=11111111-0000-4000-8000-000000000001")
	ask("") // App Service has no default identity but the system-assigned one
	fmt.Println(imds.Requests()[0].Host)
	// Output:
	// 200 OK 11111111-0000-4000-8000-000000000001  <nil>
	// 400 Bad Request  Unable to load the proper Managed Identity. <nil>
	// App Service
}

func ExampleServer_identityBinding() {
	imds := imdstest.New(nil)
	defer imds.Close() // which removes the files
	pod := imds.IdentityBinding()
	fmt.Println(pod.Get("AZURE_KUBERNETES_TOKEN_PROXY"))

	before, _ := os.ReadFile(pod.Get("AZURE_KUBERNETES_CA_FILE"))
	imds.TokenProxy().RotateCA()
	after, _ := os.ReadFile(pod.Get("AZURE_KUBERNETES_CA_FILE"))
	fmt.Println("another authority:", !bytes.Equal(before, after))
	// Output:
	// https://imds.test/identity-binding
	// another authority: true
}

func ExampleApplication() {
	imds := imdstest.New(&imdstest.Options{Applications: []imdstest.Application{{
		FederatedCredentials: []imdstest.FederatedCredential{{
			Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:shop/orders:environment:production",
		}},
	}}})
	client, entra := imds.Client(), imds.IMDS().Get("AZURE_AUTHORITY_HOST")

	deploy := func(subject string) {
		assertion := imds.Issuer().MintAssertion("https://token.actions.githubusercontent.com", subject, "api://AzureADTokenExchange")
		response, err := client.PostForm(entra+imdstest.DefaultTenantID+"/oauth2/v2.0/token", url.Values{
			"grant_type":            {"client_credentials"},
			"client_id":             {imdstest.DefaultApplicationID},
			"scope":                 {"https://orders.example/.default"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {assertion},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer response.Body.Close()
		var body struct {
			ExpiresIn int   `json:"expires_in"`
			Codes     []int `json:"error_codes"`
		}
		err = json.NewDecoder(response.Body).Decode(&body)
		fmt.Println(response.Status, body.ExpiresIn, body.Codes, err)
	}
	deploy("repo:shop/orders:environment:production")
	deploy("repo:shop/orders:environment:Production") // Entra compares the case
	// Output:
	// 200 OK 4500 [] <nil>
	// 401 Unauthorized 0 [7002138] <nil>
}

func ExampleServer_Mint() {
	imds := imdstest.New(nil)
	token := imds.Mint("https://orders.example", func(j *imdstest.JWT) {
		j.Claims["exp"] = time.Now().Add(-time.Minute).Unix()
		j.Claims["roles"] = []string{"Orders.Read"}
	})
	claims, err := imds.Claims(token)
	fmt.Println(claims["aud"], claims["roles"], err)
	// Output: https://orders.example [Orders.Read] <nil>
}

func ExampleServer_Protect() {
	imds := imdstest.New(nil)
	service := imds.Protect("https://orders.example", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "three orders")
	}))
	ask := func(token string) {
		request := httptest.NewRequest(http.MethodGet, "/orders", nil)
		request.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		service.ServeHTTP(recorder, request)
		fmt.Printf("%d %q\n", recorder.Code, recorder.Header().Get("WWW-Authenticate"))
	}
	ask(imds.Mint("https://orders.example"))
	ask(imds.Mint("https://invoices.example"))
	// Output:
	// 200 ""
	// 401 "Bearer error=\"invalid_token\", error_description=\"the token is for another audience\""
}
