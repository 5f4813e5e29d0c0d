package federate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/emit/emittest"
	"github.com/seed-ac726066/aztoken/internal/federate"
	"github.com/seed-ac726066/aztoken/internal/goldenfile"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

// emission is a spec and a state to emit for.
type emission struct {
	wanted federate.Spec
	state  federate.State
}

// emissions returns the emissions by the name of the file with the expected output.
func emissions() map[string]emission {
	back := wanted("orders-worker")
	back.Revoke = true
	wrong := but(right, func(f *graph.FederatedCredential) { f.Audiences = []string{"api://AzureADTokenExchangeChina"} })
	several := registered(right)
	several.Identities = append(several.Identities, second)
	strange := registered()
	strange.Application.DisplayName, strange.Application.UniqueName = "o'brien\n\"${evil}\" `rm` \u202e", "o'brien ${evil}"
	strange.Identities[0].DisplayName, strange.Identities[0].AlternativeNames = "it's\n\"${a}\" $(b) `c` \\ %{d}", nil
	return map[string]emission{
		"new":     {wanted("orders-worker"), registered(github)},
		"several": {wanted("orders-worker", "second"), several},
		"wrong":   {wanted("orders-worker"), registered(wrong)},
		"strange": {wanted("x"), strange},
		"back":    {back, registered(wrong)},
		"nothing": {back, registered()},
	}
}

func TestEmit(t *testing.T) {
	t.Parallel()
	for name, e := range emissions() {
		for _, form := range emit.Forms() {
			text, err := federate.Emit(emit.Form(form), e.wanted, e.state)
			if e.wanted.Revoke && form != "az" {
				require.ErrorContains(t, err, "by removing its resource")
				continue
			}
			require.NoError(t, err, name)
			file := name + "." + form
			require.Equal(t, goldenfile.Content(t, file, text), text, file)
		}
	}
}

func TestEmitAz(t *testing.T) {
	t.Parallel()
	for name, e := range emissions() {
		text, err := federate.Emit(emit.AzureCLI, e.wanted, e.state)
		require.NoError(t, err)
		emittest.Script(t, name, text)
	}
}

func TestEmitTerraform(t *testing.T) {
	t.Parallel()
	for name, e := range emissions() {
		if e.wanted.Revoke {
			continue
		}
		text, err := federate.Emit(emit.Terraform, e.wanted, e.state)
		require.NoError(t, err)
		emittest.Configuration(t, name, text)
	}
}

func TestEmitMistakes(t *testing.T) {
	t.Parallel()
	unnamed := registered()
	unnamed.Application.UniqueName = ""
	china, renamed := wanted("x"), wanted("x")
	china.Cloud, renamed.Name = graph.China(), "another"
	wrong := but(right, func(f *graph.FederatedCredential) { f.Issuer += "/" })
	also := but(wrong, func(f *graph.FederatedCredential) { f.ID, f.Name = "fc2", "two" })
	for name, c := range map[string]struct {
		form   emit.Form
		wanted federate.Spec
		state  federate.State
		want   string
	}{
		"another form":         {"pulumi", wanted("x"), registered(), "az, terraform, bicep"},
		"what cannot be":       {emit.AzureCLI, wanted("x"), registered(full(20)...), "and can have 20"},
		"another cloud":        {emit.Bicep, china, registered(), "only the public cloud"},
		"no unique name":       {emit.Bicep, wanted("x"), unnamed, "orders-client has none"},
		"two, in Bicep":        {emit.Bicep, wanted("x"), registered(wrong, also), "must be removed first: orders-worker, two"},
		"two, in Terraform":    {emit.Terraform, wanted("x"), registered(wrong, also), "must be removed first: orders-worker, two"},
		"one, of another name": {emit.Bicep, renamed, registered(wrong), "must be removed first: orders-worker"},
	} {
		_, err := federate.Emit(c.form, c.wanted, c.state)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, "aztoken: ", name)
	}
}
