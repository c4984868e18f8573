// Package house holds the tests of the house style: the width of lines, the words of comments, the
// length of files, and the places that CONTRIBUTING names.
package house
