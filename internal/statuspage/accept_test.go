package statuspage

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	const refused = ""
	for name, tc := range map[string]struct {
		accept []string
		want   string
	}{
		"no header":                         {nil, typeHTML},
		"an empty one":                      {[]string{""}, typeHTML},
		"a browser's":                       {[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}, typeHTML},
		"curl's":                            {[]string{"*/*"}, typeHTML},
		"JSON":                              {[]string{"application/json"}, typeJSON},
		"JSON in capitals":                  {[]string{"Application/JSON"}, typeJSON},
		"JSON with its charset":             {[]string{"application/json; charset=utf-8"}, typeJSON},
		"JSON or anything, as axios":        {[]string{"application/json, text/plain, */*"}, typeHTML},
		"JSON rather than anything":         {[]string{"application/json, */*;q=0.5"}, typeJSON},
		"JSON of any kind":                  {[]string{"application/*"}, typeJSON},
		"text of any kind":                  {[]string{"text/*"}, typeHTML},
		"both alike":                        {[]string{"application/json, text/html"}, typeHTML},
		"JSON a little more":                {[]string{"text/html;q=0.998, application/json;q=0.999"}, typeJSON},
		"HTML a little more":                {[]string{"text/html;q=0.002, application/json;q=0.001"}, typeHTML},
		"HTML by itself but less":           {[]string{"text/html;q=0.1, */*"}, typeJSON},
		"HTML by its kind but less":         {[]string{"text/*;q=0.1, application/json;q=0.2"}, typeJSON},
		"no JSON":                           {[]string{"application/json;q=0"}, typeHTML},
		"no JSON, and anything":             {[]string{"application/json;q=0, */*"}, typeHTML},
		"no HTML":                           {[]string{"text/html;q=0"}, typeJSON},
		"no HTML, and anything":             {[]string{"text/html;q=0.0, */*;q=0.001"}, typeJSON},
		"no text":                           {[]string{"text/*;q=0"}, typeJSON},
		"neither":                           {[]string{"text/html;q=0, application/json;q=0.000"}, refused},
		"nothing":                           {[]string{"*/*;q=0"}, refused},
		"nothing but JSON":                  {[]string{"*/*;q=0, application/json"}, typeJSON},
		"something else":                    {[]string{"image/png"}, typeHTML},
		"JSON, in a second line":            {[]string{"image/png", "application/json"}, typeJSON},
		"blanks and tabs":                   {[]string{" application/json\t;\tq=1 ,\ttext/html ; q=0.9"}, typeJSON},
		"empty elements":                    {[]string{",, application/json ,"}, typeJSON},
		"a comma that is quoted":            {[]string{`text/html;a="x,application/json;q=1\",", application/json;q=0.5`}, typeHTML},
		"a quote that does not end":         {[]string{`application/json;a="x, text/html;q=0`}, typeHTML},
		"a q that is no number":             {[]string{"application/json;q=high, text/html;q=0.1"}, typeHTML},
		"a q above one":                     {[]string{"application/json;q=1.001, text/html;q=0.1"}, typeHTML},
		"a q below zero":                    {[]string{"application/json;q=-1, text/html;q=0.1"}, typeHTML},
		"a q in other notations":            {[]string{"application/json;q=1e0, application/json;q=0x1, application/json;q=NaN, application/json;q=.9, text/html;q=0.1"}, typeHTML},
		"a q of too many digits":            {[]string{"application/json;q=1.0000, text/html;q=0.1"}, typeHTML},
		"q twice":                           {[]string{"application/json;q=1;q=0.9, text/html;q=0.1"}, typeHTML},
		"a Q":                               {[]string{"application/json;Q=0.9, text/html;q=0.1"}, typeJSON},
		"one with a point":                  {[]string{"application/json;q=1., text/html;q=0.1"}, typeJSON},
		"a range that is none":              {[]string{"*/json, application, application/json/x, text/html;q=0.1"}, typeHTML},
		"JSON twice, once refused":          {[]string{"application/json;q=0, application/json;q=0.5, text/html;q=0.1"}, typeJSON},
		"a JSON that is not the page's":     {[]string{"application/problem+json"}, typeHTML},
		"many ranges":                       {[]string{strings.Repeat("a/b, ", 20_000) + "application/json"}, typeJSON},
		"many quotes that are not of a use": {[]string{strings.Repeat(`"\`, 50_000)}, typeHTML},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := choose(tc.accept, typeHTML, typeJSON)
			require.Equal(t, tc.want, got)
			require.Equal(t, tc.want != refused, ok)
		})
	}
}
