package site

import (
	"errors"
	"fmt"

	"github.com/lucasb-eyer/go-colorful"
)

// DefaultAccent is the color of links and buttons, unless the owner wants another one.
const DefaultAccent = "#0b5c8a"

// minContrast is how much a text must stand out from its ground (WCAG 2.2, success criterion 1.4.3).
const minContrast = 4.5

// Accent is the color of links and buttons, as "#rrggbb", on a light ground and on a dark one.
type Accent struct{ Light, Dark string }

// ErrNoColor says that a text is no color.
var ErrNoColor = errors.New("not a color like " + DefaultAccent)

// ParseAccent returns the accent with a color on the light ground, such as "#0b5c8a", and one of the same hue for the
// dark ground. A color that cannot be read on the light ground is refused. The error names the nearest one that can.
func ParseAccent(text string) (Accent, error) {
	color, err := colorful.Hex(text)
	if err != nil {
		return Accent{}, ErrNoColor
	}
	light, dark := readable(color, lightGround, -1), readable(color, darkGround, 1)
	if light != color {
		return Accent{}, fmt.Errorf("too light to be read on a light page: the nearest that works is %s", light.Hex())
	}
	return Accent{Light: light.Hex(), Dark: dark.Hex()}, nil
}

// readable returns the color of the same hue that stands out from a ground, and differs least in lightness. step says
// whether to look for a darker one, -1, or for a lighter one, 1.
func readable(color colorful.Color, ground string, step float64) colorful.Color {
	under, _ := colorful.Hex(ground)
	lightness, chroma, hue := color.OkLch()
	for contrast(color, under) < minContrast && lightness >= 0 && lightness <= 1 {
		lightness += step / 256
		// What is printed must be readable, so it is that which is measured.
		color, _ = colorful.Hex(colorful.OkLch(lightness, chroma, hue).Clamped().Hex())
	}
	return color
}

// contrast returns the contrast ratio of two colors (WCAG 2.2), from 1 to 21.
func contrast(a, b colorful.Color) float64 {
	light, dark := luminance(a), luminance(b)
	return (max(light, dark) + 0.05) / (min(light, dark) + 0.05)
}

// luminance returns the relative luminance of a color (WCAG 2.2), from 0 to 1.
func luminance(c colorful.Color) float64 {
	r, g, b := c.LinearRgb()
	return 0.2126*r + 0.7152*g + 0.0722*b
}
