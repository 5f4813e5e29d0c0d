package fault

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// forms lists how faults are written, for error messages.
const forms = "write OK, EntraDown, Hang, Dropped, Refused, Closed, NotJSON, Truncated, EC2, GCE, NoDefaultIdentity, NotBound, " +
	"Status(503), Slow(2s), SlowBody(2s), Huge(1000000), Redirect(http://…), Error(400, invalid_scope, a description), " +
	"EntraRefuses(501051, a description) or Body(200, text/plain, a body), and behind it .WithRetryAfter(10s), .KeysOnly, " +
	".DiscoveryOnly, .EndpointOnly or .ExchangeOnly where wanted"

var modifier = regexp.MustCompile(`(?is)^(.*)\.(KeysOnly|DiscoveryOnly|EndpointOnly|ExchangeOnly|WithRetryAfter\(([^()]*)\))$`)

// Parse is the inverse of [Fault.String], for faults that come from a command line, a file or a
// request. Case does not matter in names. String leaves out the body of a [Body] and the
// description of an [Error] and [EntraRefuses]; Parse takes them as the last argument. Its error
// says how faults are written.
func Parse(text string) (Fault, error) {
	rest := strings.TrimSpace(text)
	var modifiers []func(Fault) Fault // the last first
	for m := modifier.FindStringSubmatch(rest); m != nil; m = modifier.FindStringSubmatch(rest) {
		modify, err := parseModifier(m[2], m[3])
		if err != nil {
			return Fault{}, bad(text, err)
		}
		modifiers = append(modifiers, modify)
		rest = m[1]
	}
	name, argument, called := strings.Cut(rest, "(")
	if called {
		var closed bool
		if argument, closed = strings.CutSuffix(argument, ")"); !closed {
			return Fault{}, bad(text, errors.New("a parenthesis is not closed"))
		}
	}
	f, err := makeFault(strings.ToLower(name), argument, called)
	if err != nil {
		return Fault{}, bad(text, err)
	}
	for i := range modifiers {
		f = modifiers[len(modifiers)-1-i](f)
	}
	return f, nil
}

func bad(text string, err error) error {
	return fmt.Errorf("aztoken: %.100q is not a fault: %w; %s", text, err, forms)
}

func parseModifier(name, argument string) (func(Fault) Fault, error) {
	if limit, ok := map[string]func(Fault) Fault{
		"keysonly": Fault.KeysOnly, "discoveryonly": Fault.DiscoveryOnly,
		"endpointonly": Fault.EndpointOnly, "exchangeonly": Fault.ExchangeOnly,
	}[strings.ToLower(name)]; ok {
		return limit, nil
	}
	d, err := parseDuration(argument)
	return func(f Fault) Fault { return f.WithRetryAfter(d) }, err
}

// makeFault makes the fault of a name in lower case.
func makeFault(name, argument string, called bool) (Fault, error) {
	if plain, ok := map[string]func() Fault{
		"ok": OK, "entradown": EntraDown, "hang": Hang, "dropped": Dropped, "refused": Refused, "closed": Closed,
		"notjson": NotJSON, "truncated": Truncated, "ec2": EC2, "gce": GCE, "nodefaultidentity": NoDefaultIdentity,
		"notbound": NotBound,
	}[name]; ok {
		if called {
			return Fault{}, fmt.Errorf("%s takes nothing in parentheses", name)
		}
		return plain(), nil
	}
	switch name {
	case "status":
		code, err := parseStatus(argument)
		if err != nil {
			return Fault{}, err
		}
		return Status(code), nil
	case "slow", "slowbody":
		d, err := parseDuration(argument)
		if name == "slow" {
			return Slow(d), err
		}
		return SlowBody(d), err
	case "huge":
		n, err := strconv.ParseInt(argument, 10, 64)
		if err != nil || n < 0 {
			return Fault{}, fmt.Errorf("%q is not a number of bytes", argument)
		}
		return Huge(n), nil
	case "redirect":
		if _, err := url.Parse(argument); err != nil || argument == "" {
			return Fault{}, fmt.Errorf("%q is not a URL", argument)
		}
		return Redirect(argument), nil
	case "entrarefuses":
		number, text, _ := strings.Cut(argument, ",")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil || n <= 0 {
			return Fault{}, fmt.Errorf("%q is not a number such as 501051", number)
		}
		return EntraRefuses(n, strings.TrimPrefix(text, " ")), nil
	case "error", "body":
		parts := strings.SplitN(argument, ",", 3)
		code, err := parseStatus(parts[0])
		if err != nil {
			return Fault{}, err
		}
		parts = append(parts, "", "")
		what, text := strings.TrimSpace(parts[1]), strings.TrimPrefix(parts[2], " ")
		if name == "error" {
			return Error(code, what, text), nil
		}
		return Body(code, what, text), nil
	}
	return Fault{}, errors.New("there is none of this name")
}

// parseStatus takes only what [Status] does not panic on.
func parseStatus(text string) (int, error) {
	code, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || !ValidStatus(code) {
		return 0, fmt.Errorf("%q is not a status from 200 to 599", text)
	}
	return code, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time such as 10s", text)
	}
	return d, nil
}
