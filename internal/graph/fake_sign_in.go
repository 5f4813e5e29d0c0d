package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/internal/message"
)

// FakeSignInPath is where a fake Graph gives out the tokens that it accepts itself. A POST of
// resource=https://graph.microsoft.com is answered in the form of RFC 6749, section 5.1.
const FakeSignInPath = "/sign-in"

// fakeSignIn gets tokens of a fake Graph from that fake. They are of no use elsewhere, and no
// credential of the user's account is requested or sent.
type fakeSignIn struct {
	address   string // of the sign-in
	transport policy.Transporter
}

// GetToken implements [azcore.TokenCredential]. Its errors are of type [*Error].
func (f fakeSignIn) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	form := url.Values{"resource": {strings.TrimSuffix(opts.Scopes[0], "/.default")}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.address, strings.NewReader(form.Encode()))
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	token, err := f.ask(req)
	if err != nil && ctx.Err() == nil {
		err = &Error{Err: fmt.Errorf("no sign-in to the fake Graph: %w", err), Advice: "start one with aztoken fake --graph"}
	}
	return token, err
}

func (f fakeSignIn) ask(req *http.Request) (azcore.AccessToken, error) {
	resp, err := f.transport.Do(req)
	if err != nil {
		return azcore.AccessToken{}, withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body) // which the transport bounds
	if err != nil {
		return azcore.AccessToken{}, err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	switch {
	case resp.StatusCode != http.StatusOK:
		return azcore.AccessToken{}, errors.New(message.Status(resp.StatusCode))
	case json.Unmarshal(body, &answer) != nil || answer.AccessToken == "":
		return azcore.AccessToken{}, errors.New("there is no token in its answer")
	}
	return azcore.AccessToken{Token: answer.AccessToken, ExpiresOn: time.Now().Add(time.Duration(answer.ExpiresIn) * time.Second)}, nil
}
