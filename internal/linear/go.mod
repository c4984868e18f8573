module github.com/quartet-go/quartet/internal/linear

go 1.26.0

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/quartet-go/quartet v0.0.0
	go.uber.org/goleak v1.3.0
)

replace github.com/quartet-go/quartet => ../..
