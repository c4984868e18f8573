//go:build !linux

package gil

import "errors"

// measureMachine needs threads on cores of their choice, and futexes.
func measureMachine(*Machine) (lost float64, err error) { return 0, errors.ErrUnsupported }
