package emit_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

const hostile = "o'brien\n\"${evil}\" %{if} `rm` $(rm) \\ \u202e"

func TestQuoting(t *testing.T) {
	t.Parallel()
	require.Equal(t, `'it'\''s $(x)'`, emit.Shell("it's $(x)"))
	require.Equal(t, `"$${a} %%{if} \"b\" <&>"`, emit.HCL(`${a} %{if} "b" <&>`))
	require.Equal(t, `'\${a} it\'s \\ \n'`, emit.BicepString("${a} it's \\ \n"))
	require.Equal(t, "`\"a\\u0060b\"`", emit.Literal("a`b"))
	if bash, err := exec.LookPath("bash"); err == nil {
		out, err := exec.CommandContext(t.Context(), bash, "-c", "printf %s "+emit.Shell(hostile)).Output()
		require.NoError(t, err)
		require.Equal(t, hostile, string(out))
	}
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	names := emit.Identifiers{"app": true}
	for _, c := range []struct{ text, want string }{
		{"Orders API", "orders_api"}, {"orders-api", "orders_api_2"}, {"app", "app_2"}, {"7e", "r_7e"}, {"日本", "r_"}, {"", "r__2"},
	} {
		require.Equal(t, c.want, names.Of(c.text))
	}
}

func TestHeads(t *testing.T) {
	t.Parallel()
	for _, text := range []string{emit.Script(hostile, "graph.microsoft.com"), emit.Template(hostile), emit.NewConfiguration(hostile).String()} {
		require.Contains(t, text, "o'brien", "the title")
		require.NotContains(t, text, "\n\"${evil}", "which stays on its line")
		require.NotContains(t, text, "\u202e")
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	for _, name := range emit.Forms() {
		require.NoError(t, emit.Form(name).Check())
	}
	require.ErrorContains(t, emit.Form("pulumi").Check(), `--emit is "pulumi"; use az, terraform, bicep`)
	require.NoError(t, emit.CheckTemplate(graph.Public().Host))
	require.ErrorContains(t, emit.CheckTemplate(graph.China().Host), "supports only the public cloud")
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	c := emit.NewConfiguration("One.")
	c.Resource("azuread_thing", "one", "/things/1", "a", "1", "longer", `"2"`)
	c.Resource("azuread_thing", "two", "", "a", "azuread_thing.one.id")
	require.Contains(t, c.String(), `
import {
  to = azuread_thing.one
  id = "/things/1"
}

resource "azuread_thing" "one" {
  a      = 1
  longer = "2"
}

resource "azuread_thing" "two" {
  a = azuread_thing.one.id
}
`)
}
