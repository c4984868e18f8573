package codec

import (
	"math/big"
	"reflect"
	"strings"
	"sync"
	"time"
)

// kind says what the JSON of a type is, as encoding/json reads it.
type kind uint8

const (
	// examine steps over an opaque value whatever JSON it is.
	opaque  kind = iota // nothing to look at: a bool, an integer, or a type that decodes itself
	text                // a string
	float               // bits says which
	dynamic             // any
	object              // a struct
	mapping             // a map
	list                // a slice
	array               // of length elements
	pointer
)

// shape is what a type expects of JSON, so that examine can see what encoding/json would change
// without a word.
//
// It is written by shaper alone, before anybody else sees it; then any goroutine reads it. null is
// also set where encoding/json ignores null on purpose and nothing is lost. byName finds a field by
// its exact name; fields are in the order of their declaration, in which encoding/json looks for a
// name that differs in case.
//
// It follows the type and not a value, so a list's elem is one shape for all elements, and a type
// that contains itself is a cycle of shapes. examine goes around that cycle no further than the
// text does.
type shape struct {
	kind   kind
	null   bool // null is one of its values
	holds  bool // it is, or contains, an any
	bits   int
	length int
	elem   *shape
	fields []namedShape
	byName map[string]int
	typ    reflect.Type
}

// namedShape is a field, under its name in JSON.
type namedShape struct {
	name string
	*shape
}

var shapes sync.Map // reflect.Type → *shape, complete

// shapeOf returns the shape of t. Two goroutines may make it at the same time; then one of the two
// is kept.
func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	// A new shaper for each type: its map holds shapes that are not complete, which nobody else may
	// see.
	s := shaper{}.shape(t)
	// Only the outermost shape is kept under its type; those within it are reached from there.
	known, _ := shapes.LoadOrStore(t, s)
	return known.(*shape)
}

// shaper makes shapes. It holds those that are begun, so that a type may contain itself.
type shaper map[reflect.Type]*shape

// shape returns the shape of t, which may not be complete yet: it is in the map before its parts
// are looked at.
func (c shaper) shape(t reflect.Type) *shape {
	if s, ok := c[t]; ok {
		return s
	}
	s := &shape{typ: t}
	c[t] = s
	// A type that decodes JSON itself sees null and decides. It is opaque: kind stays 0. The two
	// types whose UnmarshalJSON ignores null are the standard library's. Another type that ignores
	// it by itself is believed to mean that.
	if both(t, jsonOut, jsonIn) && t.Kind() != reflect.Pointer {
		s.null = t != reflect.TypeFor[time.Time]() && t != reflect.TypeFor[big.Int]() // those two ignore it
		return s
	}
	// encoding/json calls UnmarshalText for text alone, and ignores null.
	if both(t, textOut, textIn) && t.Kind() != reflect.Pointer {
		return s
	}
	switch t.Kind() {
	case reflect.String:
		s.kind = text
	case reflect.Float32, reflect.Float64:
		s.kind, s.bits = float, t.Bits()
	// Only the empty interface gets here: quartet.Define refuses others.
	case reflect.Interface:
		s.kind, s.null, s.holds = dynamic, true, true
	case reflect.Pointer:
		s.kind, s.null = pointer, true
		s.contain(c.shape(t.Elem()))
	case reflect.Slice:
		s.null = true
		if t.Elem().Kind() != reflect.Uint8 { // those are base64
			s.kind = list
			s.contain(c.shape(t.Elem()))
		}
	case reflect.Array:
		s.kind, s.length = array, t.Len()
		s.contain(c.shape(t.Elem()))
	case reflect.Map:
		s.kind, s.null = mapping, true
		s.contain(c.shape(t.Elem()))
	case reflect.Struct:
		c.structShape(s, t)
	}
	return s
}

// contain notes the elements' shape. A shape that is begun and not complete is one that contains
// this one, so whether it holds an any is seen there.
//
// holds may stay false on an inner shape of a cycle, where the answer of an outer one was not known
// yet. It is right for the outermost one, and Append asks no other.
func (s *shape) contain(elem *shape) {
	s.elem = elem
	s.holds = s.holds || elem.holds
}

// candidate is a field that may be the one of its name.
type candidate struct {
	shape  *shape
	depth  int
	tagged bool
}

// structShape finds the fields as encoding/json does: of one name the shallowest counts, and of
// those the tagged one.
//
// The rules are encoding/json's, which does not export them. Where two fields of one name are equal
// in both, neither is read or written. Both ways of finding a field (byName, and the order of
// fields) are needed for that: two fields may differ in case alone.
func (c shaper) structShape(s *shape, t reflect.Type) {
	s.kind = object
	found := make(map[string][]candidate)
	var names []string
	c.gather(t, 0, found, &names)
	s.byName = make(map[string]int)
	for _, name := range names {
		// A field that no value can reach is not looked at: encoding/json skips its key.
		if f := dominant(found[name]); f != nil {
			s.byName[name] = len(s.fields)
			s.fields = append(s.fields, namedShape{name, f})
			s.holds = s.holds || f.holds
		}
	}
	// A worker in another language returns null, and the Go type is struct{}.
	s.null = len(s.fields) == 0 // a function that returns nothing
}

// A struct may embed a pointer to itself; encoding/json visits each type once, which comes to the
// same for names: a deeper field of the same name does not count.
const maxEmbedding = 16

// gather collects the fields of t under their names in JSON, and those of structs that it embeds
// without a tag, one level deeper. names keeps the order, which found loses. It appends to found in
// the order in which encoding/json visits fields, though dominant does not depend on it.
func (c shaper) gather(t reflect.Type, depth int, found map[string][]candidate, names *[]string) {
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		embedded := f.Type
		if f.Anonymous && embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		// encoding/json leaves it out. A tag "-," is a field that is called "-".
		case tag == "-":
		// An embedded struct that has a name in its tag is a field like others.
		case f.Anonymous && name == "" && embedded.Kind() == reflect.Struct && depth < maxEmbedding:
			c.gather(embedded, depth+1, found, names)
		// An embedded struct that is not exported has exported fields: the case above takes these.
		case !f.IsExported():
		default:
			tagged := name != ""
			if !tagged {
				name = f.Name
			}
			// An opaque shape that also takes null, which encoding/json ignores there.
			field := &shape{typ: f.Type, null: true} // a number in quotes
			// With the option "string" encoding/json reads the number out of quotes, and examine
			// steps over them.
			if !strings.Contains(","+options+",", ",string,") {
				field = c.shape(f.Type)
			}
			if found[name] == nil {
				*names = append(*names, name)
			}
			found[name] = append(found[name], candidate{field, depth, tagged})
		}
	}
}

// dominant is the field that counts; nil: none does. Of several candidates the shallowest counts,
// then the one with a tag; two that are equal in both rule each other out.
func dominant(all []candidate) (best *shape) {
	var at candidate
	for _, f := range all {
		switch {
		case best == nil && at.shape == nil, f.depth < at.depth, f.depth == at.depth && f.tagged && !at.tagged:
			at, best = f, f.shape
		case f.depth == at.depth && f.tagged == at.tagged:
			best = nil
		}
	}
	return best
}

// field returns the field that encoding/json would set. encoding/json prefers the exact name, and
// takes one that differs in case alone. The search is short: structs have few fields, and most keys
// are exact.
func (s *shape) field(name string) (int, bool) {
	if i, ok := s.byName[name]; ok {
		return i, true
	}
	for i, f := range s.fields {
		if strings.EqualFold(f.name, name) {
			return i, true
		}
	}
	return 0, false
}
