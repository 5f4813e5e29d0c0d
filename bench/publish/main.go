// Publish rewrites all tables, sentences and plots from the stored results, without measuring
// anything. Run it as "go run ./publish" in the folder of this module after a change to package
// publish.
package main

import (
	"log"

	"github.com/seed-ac726066/aztoken/bench/internal/publish"
)

func main() {
	if err := publish.Write("."); err != nil {
		log.Fatal(err)
	}
}
