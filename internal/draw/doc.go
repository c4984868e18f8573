// Package draw makes pictures of spans on lanes: a Gantt chart for a terminal ([Text]), a picture
// for a page ([SVG]), and a trace for Perfetto ([Chrome]). It knows lanes, spans and marks. It does
// not know executors or events: whoever records those says how each stretch looks.
//
// Every text in a picture passes through [Clean], so that a label can neither drive a terminal nor
// fill a disk. Pictures are the same, to the byte, on every machine: lengths are whole numbers.
package draw
