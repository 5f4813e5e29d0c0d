// Package grant gives app roles of an application to managed identities, and takes them back. What is wanted is compared with
// what is there ([Read]), the difference is a list of steps ([Plan], a pure function), and the steps are carried out in turn
// ([Apply]); what was done already, by an earlier run that ended halfway too, is no step. [Emit] writes what is wanted as a
// script or a declaration for other tools instead.
package grant
