package codec

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/stretchr/testify/require"
)

type (
	flat struct {
		B    bool
		I    int
		I8   int8
		U16  uint16
		U64  uint64
		F    float64
		F32  float32
		S    string
		Data []byte
	}
	rich struct {
		Flat  flat
		Ptr   *flat
		List  []flat
		Names map[string][]int
		Ints  map[int8]string
		Grid  [2][3]int16
		Self  *rich
		Kids  []*rich
		Empty []struct{}
	}
	embeds struct {
		inner
		N int
	}
	inner struct{ Deep uint32 }
	// sealed brings a binary encoding, and nothing that JSON could see.
	sealed struct{ secret string }
	loop   struct{ Next *loop }
	strict struct{ OK bool }
	level  uint8
)

func (s sealed) AppendBinary(dst []byte) ([]byte, error) { return append(dst, s.secret...), nil }

func (s *sealed) UnmarshalBinary(b []byte) error {
	s.secret = string(b)
	return nil
}

func (s strict) MarshalJSON() ([]byte, error) {
	if !s.OK {
		return nil, errors.New("not ok")
	}
	return []byte("true"), nil
}

func (s *strict) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &s.OK) }

func (l level) MarshalText() ([]byte, error) { return []byte(strings.Repeat("!", int(l))), nil }

func (l *level) UnmarshalText(b []byte) error {
	*l = level(len(b))
	return nil
}

// appendAs encodes v as a T, as package quartet does.
func appendAs[T any](dst []byte, v T) ([]byte, error) {
	if reflect.TypeFor[T]().Kind() == reflect.Interface {
		return compact{}.AppendAny(dst, v)
	}
	return compact{}.Append(dst, v)
}

// there sends v through the codec and back.
func there[T any](t *testing.T, v T) T {
	t.Helper()
	data, err := appendAs([]byte("before"), v)
	require.NoError(t, err)
	var back T
	require.NoError(t, compact{}.Decode(data[len("before"):], &back))
	return back
}

func same[T any](t *testing.T, v T) {
	t.Helper()
	require.Equal(t, v, there(t, v))
}

func TestCompactKeepsWhatItCarries(t *testing.T) {
	require.NoError(t, quick.Check(func(v rich) bool { return reflect.DeepEqual(v, there(t, v)) }, nil))
	same(t, embeds{inner{7}, 8})
	same(t, -5)
	same(t, "text")
	same(t, []byte("bytes"))
	same(t, struct{}{})
	same[[]int](t, nil)
	same(t, []int{})
	same[map[string]int](t, nil)
	same(t, [2]string{"a", "b"})
	same(t, time.Date(2000, 1, 2, 3, 4, 5, 6, time.UTC))
	same(t, &sealed{"no field of mine is exported"})
	same(t, map[string]sealed{"a": {"x"}, "b": {}})
	same(t, []strict{{true}, {true}})
	same(t, map[level]level{3: 4})
	same(t, []level{1, 2})
	same(t, netip.MustParseAddr("10.1.2.3"))
	same(t, big.NewInt(1<<62))
	same[any](t, nil)
	same[any](t, int8(-3))
	same(t,
		[]any{
			nil, 1, int64(1) << 62, 1.5, float32(2), "text",
			[]byte{0, 255},
			true, json.Number("1e400"),
			[]any{},
			map[string]any{"a": []any(nil)},
		})
	same(t, map[string]any{"deep": map[string]any{"er": uint8(7)}})
	same(t, []float64{math.Inf(1), math.Copysign(0, -1), 5e-324})
	require.Len(t, there(t, make([]struct{}, 1000)), 1000)
}

// A type may contain itself through an array or a struct, whose size is asked for while the type is
// compiled.
type (
	twins     struct{ Kids *[2]twins }
	folder    struct{ Entries []inFolder }
	inFolder  struct{ Folder folder }
	ringOfOne struct{ Next map[int][1]ringOfOne }
)

func TestCompactKeepsTypesThatContainThemselves(t *testing.T) {
	same(t, twins{Kids: &[2]twins{{}, {Kids: &[2]twins{{Kids: &[2]twins{}}}}}})
	same(t, folder{[]inFolder{{folder{make([]inFolder, 3)}}, {folder{[]inFolder{}}}}})
	same(t, ringOfOne{map[int][1]ringOfOne{1: {{map[int][1]ringOfOne{}}}, 2: {}}})
}

func TestCompactErrorsNameTheField(t *testing.T) {
	_, err := compact{}.Append(nil, struct{ List map[string][]strict }{map[string][]strict{"a": {{true}, {false}}}})
	require.ErrorContains(t, err, "List[a][1]: not ok")

	cycle := &loop{}
	cycle.Next = cycle
	_, err = compact{}.Append(nil, cycle)
	require.ErrorContains(t, err, "codec.loop….Next.Next")
	require.ErrorContains(t, err, "is it a cycle")

	data, err := compact{}.Append(nil, flat{S: "text", Data: []byte("data")})
	require.NoError(t, err)
	for n := range data {
		var v flat
		require.ErrorContains(t, compact{}.Decode(data[:n], &v), "codec.flat.")
	}
	var v flat
	require.ErrorContains(t, compact{}.Decode(append(data, 0), &v), "codec.flat has ended, but 1 bytes follow")
	var n int
	require.ErrorContains(t, compact{}.Decode(nil, &n), "int")
	var small int8
	require.Error(t, compact{}.Decode([]byte{0x80, 0x10}, &small), "it does not fit")
	_, err = compact{}.Append(nil, struct{ C chan int }{})
	require.ErrorContains(t, err, ".C: a chan cannot travel")
	_, err = compact{}.Append(nil, map[string]any{"a": []any{1, time.Second}})
	require.ErrorContains(t, err, "map[string]interface {}[a][1]: an any cannot carry a time.Duration")
	_, err = compact{}.Append(nil, struct{ E error }{})
	require.ErrorContains(t, err, ".E: error cannot travel")
}

// Lengths that promise what does not follow, and nesting without end, cost an error and little
// memory.
func TestCompactTrustsNoLength(t *testing.T) {
	endless := make([]byte, 1<<20)
	for i := range endless {
		endless[i] = 1
	}
	var l *loop
	require.ErrorContains(t, compact{}.Decode(endless, &l), "is it a cycle")
	var ints []int64
	require.Error(t, compact{}.Decode([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, &ints))
	require.Nil(t, ints)
}

// claims is data in which each level claims as many elements as there are bytes left.
func claims(n int) []byte {
	var b []byte
	for len(b) < n-6 {
		b = binary.AppendUvarint(b, uint64(n-len(b)-4))
	}
	return append(b, bytes.Repeat([]byte{0xff}, 6)...)
}

// However lengths lie, decoding takes memory in proportion to the data.
func TestCompactTakesMemoryInProportion(t *testing.T) {
	type tree struct{ Kids []tree }
	type branches struct{ Kids map[uint8]*branches }
	type wide struct{ A [8]string }
	decodes[tree](t, claims(60_000))
	decodes[branches](t, claims(60_000))
	decodes[[]wide](t, claims(60_000))
	decodes[map[int64]wide](t, claims(60_000))
	decodes[[][1000]bool](t, claims(60_000))
	decodes[any](t, bytes.Repeat([]byte{5, 200}, 30_000))
	decodes[map[struct{}]struct{}](t, binary.AppendUvarint(nil, 1<<30))
}

// decodes checks that decoding data fails, and takes at most 64 bytes of memory for each of data's.
func decodes[T any](t *testing.T, data []byte) {
	t.Helper()
	var before, after runtime.MemStats
	var v T
	require.Error(t, compact{}.Decode([]byte{0xff}, &v), "compiled")
	runtime.ReadMemStats(&before)
	err := compact{}.Decode(data, &v)
	runtime.ReadMemStats(&after)
	require.Error(t, err)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64*len(data)+1<<20), "%T", v)
}

func FuzzCompact(f *testing.F) {
	for _, v := range []rich{{}, {Ptr: &flat{S: "s"}, Names: map[string][]int{"a": {1}}, Kids: []*rich{nil, {}}}} {
		data, err := compact{}.Append(nil, v)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v, again rich
		if (compact{}).Decode(data, &v) != nil {
			return
		}
		encoded, err := compact{}.Append(nil, v)
		require.NoError(t, err)
		require.NoError(t, compact{}.Decode(encoded, &again))
	})
}

func BenchmarkCompact(b *testing.B) {
	v := rich{
		Flat: flat{S: "name", Data: []byte("some data")}, List: make([]flat, 3),
		Names: map[string][]int{"a": {1, 2}},
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = compact{}.Append(buf[:0], v)
		var back rich
		_ = compact{}.Decode(buf, &back)
	}
}

func TestPortableKeepsBytesRaw(t *testing.T) {
	type own []byte
	p := &portable{}
	data, err := p.Append(nil, own("\x00raw"))
	require.NoError(t, err)
	require.Equal(t, "\x00raw", string(data))
	require.True(t, p.raw)
	var back own
	require.NoError(t, p.Decode(data, &back))
	require.Equal(t, own("\x00raw"), back)
	var n int
	require.ErrorContains(t, p.Decode(data, &n), "4 raw bytes, and no int")
	data, err = p.Append(nil, 7)
	require.NoError(t, err)
	require.Equal(t, "7", string(data))
	require.False(t, p.raw)
	for text, want := range map[string]int{
		"0": 0, "-12": -12, " 7 ": 7, "1e2": -1, "01": -1, "": -1, "-": -1,
		"99999999999999999999": -1,
	} {
		err := p.Decode([]byte(text), &n)
		require.Equal(t, want == -1, err != nil, text)
		if err == nil {
			require.Equal(t, want, n)
		}
	}
	_, err = p.Append(nil, sealed{})
	require.ErrorContains(t, err, "codec.sealed.secret is not exported")
}
