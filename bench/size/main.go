// Size measures the smallest programs that get or check a token with each library. Run it as "go
// run ./size" in the folder of this module: it builds them, saves their size and the amount of
// third-party code in them in results/size.json, and writes both into README.md and size.svg.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime"

	"github.com/seed-ac726066/aztoken/bench/internal/publish"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// floor is the program that the others are compared with.
const floor = "bare"

// programs are the folders of the programs and their names in the table, the floor first.
var programs = []struct{ folder, name string }{
	{floor, "floor: a request by net/http"},
	{"azcore", "azcore: a request by its pipeline"},
	{"aztoken", "aztoken"},
	{"msal", "MSAL"},
	{"azidentity", "azidentity"},
	{"oauth2", "x/oauth2, with a source of the program's own"},
	{"google", "cloud.google.com/go/auth, likewise"},
	{"awsrole", "aws ec2rolecreds, for EC2"},
	{"verify", "aztoken verify"},
	{"gojose", "go-jose"},
	{"gooidc", "go-oidc"},
	{"golangjwt", "golang-jwt with keyfunc"},
	{"jwx", "jwx"},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	r := results.Size{Go: fmt.Sprintf("%s, %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)}
	for _, p := range programs {
		fmt.Fprintln(os.Stderr, p.name)
		w, err := weigh(ctx, p.folder)
		if err != nil {
			return err
		}
		r.Programs = append(r.Programs, results.Program{Name: p.name, Bytes: w.bytes, Modules: w.modules, Packages: w.packages})
	}
	if err := results.Save(".", "size", r); err != nil {
		return err
	}
	return publish.Write(".")
}
