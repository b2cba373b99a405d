package site

import "fmt"

// The grounds on which the accent must be read, light and dark: of each the one with the least contrast.
const lightGround, darkGround = "#f5f3ee", "#1e2022"

// palette has the colors and the fonts of the pages and of /docs, light and dark.
const palette = `:root {
  color-scheme: light dark;
  --text: light-dark(#1b1c1e, #e6e4df);
  --quiet: light-dark(#5d6065, #a09f9a);
  --ground: light-dark(#fffefb, #151617);
  --raised: light-dark(` + lightGround + `, ` + darkGround + `);
  --line: light-dark(#e5e2da, #303336);
  --field: light-dark(#808389, #75777b);
  --danger: light-dark(#a3201d, #ff9d94);
  --accent: light-dark(%s, %s);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", "Noto Serif", Georgia, serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
`

// Palette returns the CSS with which a style sheet of the site begins: its colors and fonts, as custom properties.
func (s *Site) Palette() []byte { return fmt.Appendf(nil, palette, s.Accent.Light, s.Accent.Dark) }
