// Package codec writes and reads the inputs and outputs of calls: in a compact form between two
// processes of one build, as JSON and raw bytes between this program and others.
package codec
