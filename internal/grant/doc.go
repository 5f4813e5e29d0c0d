// Package grant assigns app roles of an application to managed identities, and revokes them. [Read]
// finds out what exists, [Plan], a pure function, compares it with what is wanted and returns a
// list of steps, and [Apply] carries them out. What is done already, even by an earlier interrupted
// run, is not a step. [Emit] writes a script or a declaration for other tools instead.
package grant
