package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// Functions that live in scripts are declared under the names that they have there.
var (
	wordsCount    = quartet.Declare[string, wordCount]("words.count")
	wordsShout    = quartet.Declare[string, string]("words.shout")
	wordsEach     = quartet.Declare[string, iter.Seq2[string, error]]("words.each")
	shapesArea    = quartet.Declare[box, float64]("shapes.area")
	shapesLater   = quartet.Declare[box, string]("shapes.later")
	shapesDoubled = quartet.Declare[box, iter.Seq2[box, error]]("shapes.doubled")
)

// wordCount is a dict in Python, box an object in Node.
type (
	wordCount struct {
		Words   int
		Longest string
	}
	box struct{ Width, Height float64 }
)

// words.py has, above its functions, @quartet_worker.function("words.count"). A function may be
// async.
func ExamplePython() {
	pool, err := procpool.New(procpool.Python("testdata/words.py"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	counted, err := wordsCount.Do(context.Background(), pool, "to be or not to be, that is the question")
	fmt.Println(counted, err)
	loud, err := wordsShout.Do(context.Background(), pool, "ready")
	fmt.Println(loud, err)
	// Output:
	// {10 question} <nil>
	// READY <nil>
}

// A function that Go declares as a stream is a generator in Python. Each loop over the sequence is
// one call; an exception is the error of the last pair.
func ExamplePython_stream() {
	pool, err := procpool.New(procpool.Python("testdata/words.py"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	words, err := wordsEach.Do(context.Background(), pool, "to be or not to be")
	if err != nil {
		fmt.Println(err)
		return
	}
	for word, err := range words {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(word, " ")
	}
	// Output: to be or not to be
}

// shapes.js exports its functions: module.exports = { 'shapes.area': ({ Width, Height }) => Width *
// Height }.
func ExampleNode() {
	pool, err := procpool.New(procpool.Node("testdata/shapes.js"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	area, err := shapesArea.Do(context.Background(), pool, box{3, 4})
	fmt.Println(area, err)
	said, err := shapesLater.Do(quartet.Label(context.Background(), "order 17"), pool, box{3, 4})
	fmt.Println(said, err)
	// Output:
	// 12 <nil>
	// order 17: 3 by 4, false <nil>
}

// A generator that never ends by itself ends when its reader leaves the loop. It is at most 64
// items ahead until then.
func ExampleNode_stream() {
	pool, err := procpool.New(procpool.Node("testdata/shapes.js"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	boxes, err := shapesDoubled.Do(context.Background(), pool, box{3, 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	for b, err := range boxes {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(b)
		if b.Width > 20 {
			break
		}
	}
	// Output:
	// {6 8}
	// {12 16}
	// {24 32}
}

func ExampleForeignError() {
	pool, err := procpool.New(procpool.Python("testdata/words.py"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	_, err = wordsCount.Do(context.Background(), pool, "")
	fmt.Println(err)
	if raised, ok := errors.AsType[*procpool.ForeignError](err); ok {
		lines := strings.Split(strings.TrimSpace(raised.Stack), "\n")
		fmt.Println(raised.Type, "|", raised.Message, "|", strings.TrimSpace(lines[2]))
	}
	// Output:
	// ValueError: there is no text
	// ValueError | there is no text | raise ValueError("there is no text")
}
