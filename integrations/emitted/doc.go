// Package emitted has no code, only tests: the scripts that aztoken grant and aztoken federate write
// for the Azure CLI are run by bash, against a fake Microsoft Graph. In place of the Azure CLI they
// find a stand-in for az rest, which evaluates --query by the library of JMESPath for Go.
package emitted
