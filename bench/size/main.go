// Size weighs the smallest programs that get or check a token with each library: run as
// "go run ./size" in the folder of this module it builds them, and writes how large they are and
// how much of other people's code is in them into README.md and size.svg.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// floor is the program that the others are compared with.
const floor = "bare"

// programs are the folders of programs and what is in the table for them.
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
	base, err := weigh(ctx, floor)
	if err != nil {
		return err
	}
	var rows [][]string
	var names []string
	over := chart.Series{Name: "MB above the floor"}
	for _, p := range programs {
		fmt.Fprintln(os.Stderr, p.name)
		w, err := weigh(ctx, p.folder)
		if err != nil {
			return err
		}
		rows = append(rows, []string{
			p.name, megabytes(w.bytes), "+" + megabytes(w.bytes-base.bytes), fmt.Sprintf("%.2f", float64(w.bytes)/float64(base.bytes)),
			fmt.Sprint(w.modules), fmt.Sprint(w.packages),
		})
		if p.folder != floor {
			names, over.Values = append(names, p.name), append(over.Values, float64(w.bytes-base.bytes)/1e6)
		}
	}
	text := fmt.Sprintf("%s\n![above the floor](size.svg)\n\n%s, %s/%s, `go build -trimpath -ldflags=\"-s -w\"`.\n",
		report.Table([]string{"program", "MB", "above the floor", "× floor", "modules", "packages"}, rows), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if err := report.Replace("README.md", "size", text); err != nil {
		return err
	}
	return chart.Bars("size.svg", "The smallest program that gets or checks a token", "MB above a program that makes a request", names, over)
}

func megabytes(n int64) string { return fmt.Sprintf("%.2f", float64(n)/1e6) }
