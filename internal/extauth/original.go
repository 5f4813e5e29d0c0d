package extauth

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// Proxy is the kind of the reverse proxy that asks. It decides which headers describe the original
// request. Headers that another kind would set are not read, because a caller may have sent them.
type Proxy string

// The kinds of proxies.
const (
	NoProxy      Proxy = "" // only the token of the original request is known
	Nginx        Proxy = "nginx"
	HAProxy      Proxy = "haproxy"
	IngressNginx Proxy = "ingress-nginx"
	Traefik      Proxy = "traefik"
	Caddy        Proxy = "caddy"
	Envoy        Proxy = "envoy"
)

// Proxies returns all kinds of proxies.
func Proxies() []Proxy { return []Proxy{Nginx, HAProxy, IngressNginx, Traefik, Caddy, Envoy} }

// checkPath is where proxies ask. Envoy puts the path of the request behind it.
const checkPath = "/check"

// An original is what a caller sent to the proxy.
type original struct {
	method string
	host   string // lower case, without port and final dot; "" if the caller named none
	target string // as it stands in the request line
}

// Why a proxy's question is not understood: the proxy is not set up as the documentation says, or
// the request does not come from it.
var (
	errMethodHeader = errors.New("the proxy does not say the method once, as it must")
	errHostHeader   = errors.New("the proxy does not say the host once, as it must")
	errTargetHeader = errors.New("the proxy does not say the target once, as it must")
	errMethod       = errors.New("the method is not one of HTTP")
	errHost         = errors.New("the host is neither a name nor an address")
	errURL          = errors.New("what the proxy says is not a URL")
	errOwnHeader    = errors.New("the request has a header X-Auth-…, which only the guard sets; the proxy must take it off")
	errProxy        = errors.New("the kind of the proxy is not known")
)

// original returns what the caller sent, from a question of the proxy.
func (p Proxy) original(r *http.Request) (o original, err error) {
	switch p {
	case NoProxy:
		return original{}, nil
	case Nginx, HAProxy:
		o, err = fromHeaders(r.Header, "X-Original-Method", "", "X-Original-Uri")
		o.host = r.Host
	case IngressNginx:
		if o, err = fromHeaders(r.Header, "X-Original-Method", "", "X-Original-Url"); err == nil {
			o.host, o.target, err = splitURL(o.target)
		}
	case Traefik, Caddy:
		o, err = fromHeaders(r.Header, "X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri")
	case Envoy:
		o = original{r.Method, r.Host, strings.TrimPrefix(r.RequestURI, checkPath)}
	default:
		err = errProxy
	}
	if err != nil {
		return o, err
	}
	if !isToken(o.method) {
		return o, errMethod
	}
	o.host, err = hostOf(o.host)
	return o, err
}

// fromHeaders reads headers, whose names are in net/http's spelling. An empty name for the host
// means that it is not read.
func fromHeaders(h http.Header, method, host, target string) (o original, err error) {
	for _, part := range [...]struct {
		name string
		to   *string
		err  error
	}{{method, &o.method, errMethodHeader}, {host, &o.host, errHostHeader}, {target, &o.target, errTargetHeader}} {
		if part.name == "" {
			continue
		}
		values := h[part.name]
		if len(values) != 1 {
			if err == nil {
				err = part.err
			}
			continue
		}
		*part.to = values[0]
	}
	return o, err
}

// splitURL splits what ingress-nginx says into host and target.
func splitURL(text string) (host, target string, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	i := strings.IndexByte(rest, '/')
	if !ok || scheme != "http" && scheme != "https" || i < 0 {
		return "", "", errURL
	}
	return rest[:i], rest[i:], nil
}

// hostOf returns the host of a header in the form that is compared.
func hostOf(text string) (string, error) {
	if text == "" || isHost(text) { // most are
		return text, nil
	}
	host, port := text, ""
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		host, port = text[:i], text[i+1:]
	}
	// Some runes become ASCII letters in lower case.
	beyondASCII := func(r rune) bool { return r >= utf8.RuneSelf }
	if strings.Trim(port, "0123456789") != "" || strings.ContainsFunc(host, beyondASCII) {
		return text, errHost
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		address, _ := netip.ParseAddr(host[1 : len(host)-1])
		host = "[" + address.String() + "]" // an address has many spellings
	}
	if !isHost(host) {
		return text, errHost
	}
	return host, nil
}

// isHost reports whether text is a name or an address as hosts are compared: in lower case, without
// port and final dot.
func isHost(text string) bool {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		address, err := netip.ParseAddr(inner)
		return closed && err == nil && address.Is6() && address.Zone() == "" && address.String() == inner
	}
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.' && i > 0:
		default:
			return false
		}
	}
	return text != "" && !strings.HasSuffix(text, ".")
}

// isToken reports whether text is one of HTTP's tokens (RFC 9110, section 5.6.2), as methods are.
func isToken(text string) bool {
	for i := range len(text) {
		c := text[i]
		if c < '!' || c > '~' || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return text != ""
}
