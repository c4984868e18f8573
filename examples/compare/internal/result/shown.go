package result

import "fmt"

// Figure is the text of the level's figure that f names; inline is the first row's level at the
// same step.
func (l Level) Figure(f Figure, inline Level) string {
	switch f {
	case Speed:
		return fmt.Sprintf("%.0f", l.PerSecond())
	case SpeedUp:
		return Ratio(inline.Wall, l.Wall)
	case LostTasks:
		return fmt.Sprint(l.Lost)
	case P50:
		return Short(l.P50)
	case P99:
		return Short(l.P99)
	}
	return Short(l.Wall)
}

// KiB is the text of the worker's memory.
func (w Worker) KiB() string {
	if w.Memory <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f KiB", float64(w.Memory)/1024)
}

// Even is the text of the length of a task from which on the model gains.
func (w Worker) Even() string {
	switch {
	case w.BreakEven < 0:
		return "-"
	case w.BreakEven == 0:
		return "never"
	}
	return Short(w.BreakEven)
}
