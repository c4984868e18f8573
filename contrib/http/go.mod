module github.com/quartet-go/quartet/contrib/http

go 1.26.0

replace github.com/quartet-go/quartet => ../..

require (
	github.com/quartet-go/quartet v0.0.0
	github.com/stretchr/testify v1.12.1
	go.uber.org/goleak v1.3.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
