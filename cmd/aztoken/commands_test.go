package main_test

// commands are all of them but those that cobra adds.
var commands = []string{"token", "inspect", "doctor", "fake", "agent", "guard", "ready", "grant", "roles", "federate"}
