package codec

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

type (
	base   struct{ Both, Base int }
	tagged struct {
		Both string `json:"both"`
	}
	record struct {
		base
		Name   string
		Score  float64
		Short  float32
		ID     int64 `json:"id"`
		Quoted int64 `json:",string"`
		Skip   int   `json:"-"`
		Raw    []byte
		When   time.Time
		Big    *big.Int
		Three  [3]int
		Next   *record
		More   map[string]float64
		Level  level
		Any    any
		JSON   json.RawMessage
		List   []string
	}
)

// decodePortable decodes JSON as an output is.
func decodePortable[T any](text string) error {
	var v T
	return (&portable{}).Decode([]byte(text), &v)
}

func TestPortableSaysWhatJSONWouldChange(t *testing.T) {
	for _, c := range []struct {
		decode func(string) error
		text   string
		want   string // of the error; "": none
	}{
		{decodePortable[int], "null", "int: it is null"},
		{decodePortable[float64], " null ", "float64: it is null"},
		{decodePortable[string], "null", "string: it is null"},
		{decodePortable[bool], "null", "it is null"},
		{decodePortable[record], "null", "codec.record: it is null"},
		{decodePortable[time.Time], "null", "time.Time: it is null"},
		{decodePortable[struct{}], "null", ""},
		{decodePortable[*int], "null", ""},
		{decodePortable[[]int], "null", ""},
		{decodePortable[[]byte], "null", ""},
		{decodePortable[any], "null", ""},
		{decodePortable[map[string]int], "null", ""},
		{decodePortable[json.RawMessage], "null", ""},
		{decodePortable[[]byte], `"dGVzdA=="`, "it is no bytes"},
		{decodePortable[[]byte], `[1,2]`, "it is no bytes"},
		{decodePortable[record], `{"Name":null}`, "codec.record.Name: it is null"},
		{decodePortable[record], `{"Base":null}`, ".Base: it is null"},
		{decodePortable[record], `{"When":null}`, ".When: it is null"},
		{decodePortable[record], `{"Level":null}`, ".Level: it is null"},
		{decodePortable[record], `{"List":[null]}`, ".List[0]: it is null"},
		{decodePortable[record], `{"More":{"a":1,"b":null}}`, ".More[b]: it is null"},
		{decodePortable[record], `{"Next":{"Next":{"id":null}}}`, ".Next.Next.id: it is null"},
		{
			decodePortable[record], `{"Next":null,"More":null,"Raw":null,"Big":null,"Any":null,"JSON":null,"List":null}`,
			"",
		},
		{decodePortable[record], `{"Three":[1,2]}`, ".Three: it has 2 elements"},
		{decodePortable[record], `{"Three":[1,2,3,4]}`, ".Three: it has 4 elements"},
		{decodePortable[record], `{"Three":[1,2,3],"Quoted":"7","unknown":[{"a":null}]}`, ""},
		{decodePortable[record], `{"name":"folded","BOTH":1}`, ""},
		{decodePortable[record], `{"Name":"a","name":"b"}`, ".Name: the key is there twice"},
		{decodePortable[record], `{"More":{"a":1,"\u0061":2}}`, ".More[a]: the key is there twice"},
		{decodePortable[any], `[{"a":1,"a":1}]`, "[0][a]: the key is there twice"},
		{decodePortable[string], `"\ud800"`, "no Unicode text"},
		{decodePortable[string], `"\udc00\ud800"`, "no Unicode text"},
		{decodePortable[string], `"\ud83d\u0041"`, "no Unicode text"},
		{decodePortable[string], `"\ud83d\ude00 \\ud800 \\\" \ufffd"`, ""},
		{decodePortable[string], "\"\xff\"", "no Unicode text"},
		{decodePortable[record], `{"Any":["\ud800"]}`, ".Any[0]: it is no Unicode text"},
		{decodePortable[map[string]int], `{"\ud800":1}`, "no Unicode text"},
		{decodePortable[float64], "9007199254740993", "the integer 9007199254740993, which a float64 would round"},
		{decodePortable[float64], "-9007199254740993", "would round"},
		{decodePortable[float64], "9007199254740992", ""},
		{decodePortable[float64], "123456789012345680000", ""},
		{decodePortable[float64], "1152921504606846976", ""},
		{decodePortable[float64], "0.1000000000000000055511151231257827", ""},
		{decodePortable[float32], "16777217", "float32 would round"},
		{decodePortable[float32], "16777216", ""},
		{decodePortable[any], `{"id":9007199254740993}`, "[id]: it is the integer"},
		{decodePortable[json.Number], "9007199254740993", ""},
		{decodePortable[int64], "9007199254740993", ""},
		{decodePortable[int64], "9.5", "cannot unmarshal"},
		{decodePortable[int64], "9223372036854775808", "cannot unmarshal"},
		{decodePortable[float64], `"3"`, "cannot unmarshal"},
		{decodePortable[string], `3`, "cannot unmarshal"},
	} {
		err := c.decode(c.text)
		if c.want == "" {
			require.NoError(t, err, c.text)
			continue
		}
		require.ErrorContains(t, err, c.want, c.text)
	}
	var v record
	strict := (&portable{}).DisallowUnknownFields()
	require.ErrorContains(t, strict.Decode([]byte(`{"Name":"a","new":1}`), &v), `unknown field "new"`)
	require.ErrorContains(t, strict.Decode([]byte(`{"Name":null}`), &v), ".Name: it is null")
}

// dashed has a field that is called "-" in JSON: the comma tells it from one that is left out.
type dashed struct {
	Left string `json:"-"`
	//lint:ignore SA5008 encoding/json documents this tag, though linters take it for a mistake
	Dash string `json:"-,"`
}

// fussy is a type whose zero value has no encoding.
type fussy int

func (f fussy) MarshalJSON() ([]byte, error) {
	if f == 0 {
		return nil, errors.New("no such value")
	}
	return json.Marshal(int(f))
}

func (f *fussy) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, (*int)(f)) }

func TestPortableRefusesWhatJSONWouldChange(t *testing.T) {
	for want, v := range map[string]any{
		"string: it is a string that is not UTF-8":        "bad\xff",
		"codec.record.Name: it is a string that is not":   record{Name: "\xc3"},
		"codec.record.Next.List[1]: it is a string that":  record{Next: &record{List: []string{"\ufffd", "\x80"}}},
		"map[string]int[key]: it is a string that is not": map[string]int{"\xff": 1},
		"codec.record.Score: it is NaN":                   record{Score: math.NaN()},
		"codec.record.More[a]: it is +Inf":                record{More: map[string]float64{"a": math.Inf(1)}},
		"[]float32[1]: it is -Inf":                        []float32{0, float32(math.Inf(-1))},
		"codec.record.Any[x][0]: it is bytes in an any":   record{Any: map[string]any{"x": []any{[]byte("a")}}},
		"codec.record.Any: codec.sealed.secret is not":    record{Any: sealed{}},
		"codec.dashed.Dash: it is a string that is not":   dashed{Dash: "\xff"},
		"no such value": record{Any: fussy(0)},
		"codec.record.Any: chan int is a chan, which canno": record{Any: make(chan int)},
	} {
		_, err := (&portable{}).Append(nil, v)
		require.ErrorContains(t, err, want)
	}
	_, err := (&portable{}).AppendAny(nil, []byte("a"))
	require.ErrorContains(t, err, "any")
	for _, v := range []any{
		"\ufffd", `\ufffd`,
		record{Name: "\ufffd", Any: []string{"a"}},
		[]any{nil, record{}, time.Time{}},
		map[int]string{1: "a"},
		dashed{Left: "not sent \xff"},
		record{Any: fussy(2)},
	} {
		_, err := (&portable{}).Append(nil, v)
		require.NoError(t, err)
	}
}

// The fields are those that encoding/json finds.
func TestShapesHaveJSONsFields(t *testing.T) {
	type deep struct{ record }
	type clash struct {
		base
		tagged
		Other struct{ X int } `json:"Base"`
	}
	for _, v := range []any{record{}, deep{}, clash{}, rich{}, embeds{}} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &fields))
		s := shapeOf(reflect.TypeOf(v))
		for name := range fields {
			require.Contains(t, s.byName, name, "%T", v)
		}
		require.Len(t, s.fields, len(fields), "%T", v)
	}
}

func FuzzPortable(f *testing.F) {
	f.Add([]byte(`{"Name":"a","Any":[1,{"b":null}],"Three":[1,2,3],"More":{"a":0.1},"Next":{"When":"2000-01-02T03:04:05Z"}}`))
	f.Add([]byte(`{"JSON":[[]],"Quoted":"7","base":null,"List":["\ud83d\ude00"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v record
		if (&portable{}).Decode(data, &v) != nil {
			return
		}
		again, err := (&portable{}).Append(nil, v)
		require.NoError(t, err, "what examine has accepted can be encoded")
		var back record
		require.NoError(t, (&portable{}).Decode(again, &back))
		a, err := quartet.JSON{}.Append(nil, back)
		require.NoError(t, err)
		require.True(t, strings.EqualFold(string(again), string(a)))
	})
}
