package emitted_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jmespath/go-jmespath"
)

// graphVariable is the environment variable with the address of the fake that replaces every Graph.
const graphVariable = "EMITTED_TEST_GRAPH"

// rest is one invocation of az rest.
type rest struct {
	method, url, query, output, body string
	headers, parameters              []string
}

// az does what az rest does with these arguments.
//
// https://learn.microsoft.com/cli/azure/reference-index#az-rest
func az(arguments []string, out io.Writer) error {
	if len(arguments) == 0 || arguments[0] != "rest" {
		return fmt.Errorf("%q is misspelled or not recognized by the system", arguments)
	}
	r, err := parse(arguments[1:])
	if err != nil {
		return err
	}
	answer, err := r.call()
	if err != nil || answer == nil {
		return err
	}
	if r.query != "" {
		if answer, err = jmespath.Search(r.query, answer); err != nil {
			return fmt.Errorf("argument --query: invalid jmespath_type value: %w", err)
		}
	}
	if r.output == "tsv" {
		return writeTSV(out, answer)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(answer)
}

// parse parses the flags. Each takes one value, except some that take all values up to the next
// flag.
func parse(arguments []string) (r rest, err error) {
	r.method, r.output = http.MethodGet, "json"
	for len(arguments) > 0 {
		flag := arguments[0]
		n := slices.IndexFunc(arguments[1:], func(a string) bool { return strings.HasPrefix(a, "--") })
		if n < 0 {
			n = len(arguments) - 1
		}
		values := arguments[1 : n+1]
		arguments = arguments[n+1:]
		one := map[string]*string{
			"--method": &r.method, "--url": &r.url, "--query": &r.query, "--output": &r.output, "--body": &r.body, "--resource": new(string),
		}
		switch target, known := one[flag]; {
		case known && len(values) == 1:
			*target = values[0]
		case flag == "--headers":
			r.headers = values
		case flag == "--uri-parameters":
			r.parameters = values
		case flag == "--only-show-errors" && len(values) == 0:
		default:
			return r, fmt.Errorf("unrecognized arguments: %s %s", flag, values)
		}
	}
	return r, nil
}

// call makes the request and returns the answer; nil means none.
func (r rest) call() (any, error) {
	u, err := url.Parse(r.url)
	if err != nil {
		return nil, err
	}
	fake, err := url.Parse(os.Getenv(graphVariable))
	if err != nil {
		return nil, err
	}
	token, err := signIn(fake.String(), "https://"+u.Host)
	if err != nil {
		return nil, err
	}
	u.Scheme, u.Host = fake.Scheme, fake.Host
	query := url.Values{}
	for _, pair := range r.parameters {
		name, value, _ := strings.Cut(pair, "=")
		query.Add(name, value)
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	req, err := http.NewRequestWithContext(context.Background(), r.method, u.String(), strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for _, pair := range r.headers {
		name, value, _ := strings.Cut(pair, "=")
		req.Header.Set(name, value)
	}
	return answerTo(req)
}

func signIn(fake, resource string) (string, error) {
	form := url.Values{"resource": {resource}}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, fake+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	answer, err := answerTo(req)
	if err != nil {
		return "", err
	}
	return answer.(map[string]any)["access_token"].(string), nil
}

func answerTo(req *http.Request) (answer any, err error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode > 299:
		return nil, fmt.Errorf("%s(%s)", http.StatusText(resp.StatusCode), text)
	case len(text) == 0:
		return nil, nil
	}
	return answer, json.Unmarshal(text, &answer)
}

// writeTSV writes scalars, one per line.
func writeTSV(out io.Writer, answer any) error {
	all, ok := answer.([]any)
	if !ok {
		all = []any{answer}
	}
	for _, value := range all {
		switch value.(type) {
		case nil:
			value = "None"
		case map[string]any, []any:
			return fmt.Errorf("the stand-in writes no %T as tsv", value)
		}
		if _, err := fmt.Fprintln(out, value); err != nil {
			return err
		}
	}
	return nil
}
