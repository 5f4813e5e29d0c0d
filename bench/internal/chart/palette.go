package chart

// colours are the classes of the series and parts, in order. They can be told apart with any kind
// of colour vision (Okabe and Ito), and each has a contrast of 3:1 with the page, light or dark.
var colours = []string{"c0", "c1", "c2", "c3"}

// style has a second set of colours for readers whose system is in dark mode. The background is
// transparent. Text has an outline in the page's colour, so that lines behind it do not cross it.
const style = `text { font-family: system-ui, "Liberation Sans", Arial, Helvetica, sans-serif; fill: #1f2328; paint-order: stroke; stroke: #fff; stroke-width: 3; stroke-linejoin: round }
.bold { font-weight: bold }
.line { fill: none; stroke-width: 1 }
.ink { stroke: #59636e }
.grid { stroke: #d1d9e0; stroke-width: .7 }
.dashed { stroke: #1f2328; stroke-dasharray: 4 3 }
.whisker { stroke-dasharray: none; stroke-width: 1.2 }
.band { fill: #59636e; fill-opacity: .18 }
.absent { fill: #59636e; fill-opacity: .25 }
.c0 { fill: #0072b2 } .c1 { fill: #d55e00 } .c2 { fill: #008a66 } .c3 { fill: #b5588a }
.curve { fill: none; stroke: #0072b2; stroke-width: 1.8; stroke-linejoin: round }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc; stroke: #0d1117 }
.ink { stroke: #9198a1 }
.grid { stroke: #3d444d }
.dashed { stroke: #f0f6fc }
.whisker { stroke-dasharray: none; stroke-width: 1.2 }
.band, .absent { fill: #9198a1; fill-opacity: .3 }
.c0 { fill: #3a9bdc } .c1 { fill: #f0883e } .c2 { fill: #2bb58c } .c3 { fill: #d98bb4 }
.curve { stroke: #3a9bdc }
}
`
