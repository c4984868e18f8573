package draw

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is the greatest number of characters of a label, a name or a remark in a picture.
const MaxText = 200

// Clean returns text as one short line that is safe to print: at most [MaxText] characters, each
// invalid byte, control character and invisible format character (which could turn the direction of
// a line) shown as U+FFFD. Labels come from requests, and go to terminals, pages and traces.
func Clean(text string) string {
	text = clip(text, MaxText)
	if strings.IndexFunc(text, hidden) < 0 && utf8.ValidString(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}

// hidden reports whether r must not reach a terminal or an XML text: it acts in place of being
// shown, or XML has no way to write it. A newline is a control character too, so a text never
// leaves its line.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == 0xfffe ||
		r == 0xffff
}

// clip returns text of at most so many characters. It reads no further than that.
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
