package fault

import (
	"fmt"
	"net/http"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// These are situations that people met in the field. The bodies follow their reports.

// EC2 is the metadata service of another cloud at IMDS's address: Amazon's does not have the path.
func EC2() Fault {
	reply := identityapi.Text(http.StatusNotFound, "text/html", notFoundPage)
	reply.Header.Set("Server", "EC2ws")
	return foreign("EC2", reply)
}

// GCE is the metadata service of another cloud at IMDS's address: Google's does not have the path.
func GCE() Fault {
	reply := identityapi.Text(http.StatusNotFound, "text/html; charset=UTF-8", notFoundPage)
	reply.Header.Set("Metadata-Flavor", "Google")
	reply.Header.Set("Server", "Metadata Server for VM")
	return foreign("GCE", reply)
}

const notFoundPage = "<!DOCTYPE html>\n<html><head><title>404 - Not Found</title></head>" +
	"<body><h1>404 - Not Found</h1></body></html>\n"

// NoDefaultIdentity is the answer of some hosts to a request for an identity that is not assigned:
// a 404 whose error has a code.
func NoDefaultIdentity() Fault {
	host := identityapi.ContainerInstances{}
	reply := host.Status(http.StatusNotFound)
	reply.Header.Set("Server", host.Host().Server)
	return foreign("NoDefaultIdentity", reply)
}

// EntraRefuses is a refusal of Entra ID: number is the one after AADSTS, and text follows it. The
// host passes it on in its own form. The tokens that the platform keeps are still given out until
// it would mint another.
func EntraRefuses(number int, text string) Fault {
	return Fault{
		name:    fmt.Sprintf("EntraRefuses(%d)", number),
		refusal: &identityapi.Failure{Reason: identityapi.Refused, Number: number, Text: text},
	}
}

// NotBound is a cluster in which no role lets the pod's service account use the identity. Only the
// token proxy of identity bindings asks for one.
func NotBound() Fault { return Fault{name: "NotBound", notBound: true} }
