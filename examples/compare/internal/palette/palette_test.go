package palette_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/compare/internal/palette"
)

// rgb is a colour in linear light.
type rgb [3]float64

func parse(t *testing.T, hex string) (c rgb) {
	var bytes [3]uint8
	_, err := fmt.Sscanf(hex, "#%02x%02x%02x", &bytes[0], &bytes[1], &bytes[2])
	require.NoError(t, err, hex)
	for i, b := range bytes {
		v := float64(b) / 255
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return c
}

func (c rgb) luminance() float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }

// contrast is WCAG's.
func contrast(a, b rgb) float64 {
	hi, lo := max(a.luminance(), b.luminance()), min(a.luminance(), b.luminance())
	return (hi + 0.05) / (lo + 0.05)
}

func (c rgb) by(m [3][3]float64) (out rgb) {
	for i, row := range m {
		for j, v := range row {
			out[i] += v * c[j]
		}
		out[i] = min(1, max(0, out[i]))
	}
	return out
}

// lab is CIE L*a*b*, in which a distance of 1 is just seen.
func (c rgb) lab() rgb {
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	xyz := c.by([3][3]float64{{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}})
	x, y, z := f(xyz[0]/0.9505), f(xyz[1]), f(xyz[2]/1.089)
	return rgb{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func distance(a, b rgb) float64 {
	p, q := a.lab(), b.lab()
	return math.Sqrt((p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) + (p[2]-q[2])*(p[2]-q[2]))
}

// eyes are matrices for linear light: sight with all cones, and without those for long, middle and
// short waves.
var eyes = map[string][3][3]float64{
	"all":          {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// all are the models of the library, and as many programs of each real runtime as there are shades,
// with each of its ways.
func all() []palette.Entry {
	entries, real := palette.Models, []string{
		"node", "node cluster", "node 22", "python asyncio", "python to_thread", "python threads",
		"python 3.13 asyncio",
		"python 3.13 to_thread", "python 3.13 threads", "python 3.14t asyncio", "python 3.14t to_thread",
		"python 3.14t threads",
	}
	for i, ink := range palette.Inks(real...) {
		entries = append(entries[:len(entries):len(entries)], palette.Entry{Model: real[i], Ink: ink})
	}
	return entries
}

// Two models differ for every eye, by colour or by their pattern, and stand out from the paper.
func TestEveryEyeTellsModelsApart(t *testing.T) {
	for _, theme := range []func(palette.Ink) string{
		func(i palette.Ink) string { return i.Light },
		func(i palette.Ink) string { return i.Dark },
	} {
		paper := parse(t, theme(palette.Paper))
		for i, a := range all() {
			require.GreaterOrEqual(t, contrast(parse(t, theme(a.Ink)), paper), 3.0, a.Model)
			for _, b := range all()[:i] {
				if a.Ink.Dash != b.Ink.Dash {
					continue
				}
				for eye, m := range eyes {
					d := distance(parse(t, theme(a.Ink)).by(m), parse(t, theme(b.Ink)).by(m))
					require.GreaterOrEqual(t, d, 18.0, "%s and %s, %s", a.Model, b.Model, eye)
				}
			}
		}
		for _, text := range []palette.Ink{palette.Text, palette.Dim} {
			require.GreaterOrEqual(t, contrast(parse(t, theme(text)), paper), 4.5, text)
		}
	}
}

func TestEveryModelHasItsOwnName(t *testing.T) {
	seen := map[string]string{}
	for _, e := range all() {
		class := palette.Class(e.Model)
		require.Empty(t, seen[class], "%s and %s", e.Model, seen[class])
		seen[class] = e.Model
		require.Equal(t, e.Ink.Dash, palette.DashOf(e.Model), "it is the same alone")
	}
	require.Equal(t, palette.Inks("something"), palette.Inks("something else"))
}

// A program has one colour, whatever it runs; the lock's threads are none of Python's.
func TestAProgramHasOneColour(t *testing.T) {
	inks := palette.Inks("python 3.11 asyncio", "python 3.13 asyncio", "python 3.13 threads", "gil threads")
	require.Equal(t, inks[1].Light, inks[2].Light)
	require.NotEqual(t, inks[0].Light, inks[1].Light)
	require.NotEqual(t, inks[1].Dash, inks[2].Dash)
	require.Equal(t, palette.Solid, inks[3].Dash)
}

func ExampleClass() {
	fmt.Println(palette.Class("loop+gil thread"), palette.Class("pool(k)"))
	// Output: m-loop-gil-thread m-pool-k
}

func ExampleCSS() {
	fmt.Print(palette.CSS(".w", "loop")[:34], "…")
	// Output: .w{--paper:#ffffff;--text:#1c2026;…
}
