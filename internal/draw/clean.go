package draw

import (
	"strings"

	"github.com/quartet-go/quartet/internal/printable"
)

// MaxText is the greatest number of characters of a label, a name or a remark in a picture. Runes,
// and not bytes: a label in any script has the same room.
const MaxText = 200

// Clean returns text as one short line that is safe to print: at most [MaxText] characters, none of
// which acts on a terminal. Labels come from requests, and go to terminals, pages and traces. It
// cuts before it cleans, so its cost has a bound whatever the length of text.
func Clean(text string) string { return printable.Text(clip(text, MaxText), "") }

// clip returns text of at most so many characters. It reads no further than that. The cut text has
// most characters with the ellipsis. It is cut between runes, and spaces before the ellipsis are
// dropped.
func clip(text string, most int) string {
	end, n := 0, 0
	for i := range text {
		if n == most-1 {
			end = i
		}
		if n++; n > most {
			return strings.TrimRight(text[:end], " ") + "…"
		}
	}
	return text
}
