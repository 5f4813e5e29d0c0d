// Package emitted has no code, only tests: the scripts that aztoken grant and aztoken federate
// write for the Azure CLI are run by bash, against a fake Microsoft Graph. Instead of the Azure
// CLI, the scripts find a substitute for az rest, which evaluates --query with the JMESPath library
// for Go.
package emitted
