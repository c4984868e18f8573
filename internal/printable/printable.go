// Package printable makes texts of others safe to show: labels come from requests, and lines from
// workers. A control character in one of them could drive the reader's terminal.
package printable

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns text with each invalid byte, control character and invisible format character (which
// could turn the direction of a line) shown as U+FFFD, but for the characters of kept. It costs no
// allocation where there is none.
func Text(text, kept string) string {
	hides := func(r rune) bool { return hidden(r) && !strings.ContainsRune(kept, r) }
	if strings.IndexFunc(text, hides) < 0 && utf8.ValidString(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if hides(r) {
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
