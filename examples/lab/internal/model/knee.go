package model

import "time"

// Point is a model's answer to one rate of arrivals.
type Point struct {
	Rate     int           `json:"rate"`
	P99      time.Duration `json:"p99"`
	Answered int           `json:"answered"`
	Offered  int           `json:"offered"`
}

// fewest is the rate from which on the requests of a run, some twenty, have a tail.
const fewest = 10

// Rates are those for which the page draws the knee, around the present one.
func (s Settings) Rates() (rates []int) {
	for _, percent := range []int{10, 25, 40, 55, 70, 85, 100, 120, 145, 175, 210} {
		rate := s.Rate * percent / 100
		if rate != s.Rate && rate < fewest || rate > mostRate {
			continue
		}
		if len(rates) == 0 || rate > rates[len(rates)-1] {
			rates = append(rates, rate)
		}
	}
	return rates
}

// Knee simulates a model at another rate.
func Knee(model string, s Settings, rate int) (Point, error) {
	s.Rate = rate
	a, err := Run(model, s)
	return Point{Rate: rate, P99: a.P99, Answered: a.Answered, Offered: a.Offered}, err
}
