package model

import (
	"encoding/json"
	"fmt"
)

// Question is what the page asks for.
type Question struct {
	Do       string   `json:"do"` // run, knee, where, judge, rates, steps or go
	Model    string   `json:"model"`
	Station  string   `json:"station"`
	Rate     int      `json:"rate"`
	ID       int      `json:"id"`
	Program  string   `json:"program"`
	Settings Settings `json:"settings"`
}

// reply is what the page gets.
type reply struct {
	Answer any    `json:"answer,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Call answers a Question in JSON with {"answer": …} or {"error": "…"}. The page in the browser and
// the tests outside of it both ask through here.
func Call(question []byte) []byte {
	var q Question
	r := reply{}
	err := json.Unmarshal(question, &q)
	if err == nil {
		r.Answer, err = q.answer()
	}
	if err != nil {
		r = reply{Error: err.Error()}
	}
	out, err := json.Marshal(r)
	if err != nil {
		panic(err) // the types of this package can be written
	}
	return out
}

func (q Question) answer() (any, error) {
	switch q.Do {
	case "run":
		return Run(q.Model, q.Settings)
	case "knee":
		return Knee(q.Model, q.Settings, q.Rate)
	case "rates":
		return q.Settings.Rates(), q.Settings.Check()
	case "where":
		return Where(q.Settings, q.ID)
	case "judge":
		return Judge(q.Station, q.Settings)
	case "steps":
		return Steps(q.Program)
	case "go":
		return GoProgram(q.Settings)
	}
	return nil, fmt.Errorf("lab: no question is called %q", q.Do)
}

// Where says where the time of one request went, on each of the Models.
func Where(s Settings, id int) ([]Request, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	all := make([]Request, len(Models))
	for i, m := range Models {
		for _, q := range runs[m](s).requests {
			if q.id == id {
				all[i] = q.where()
			}
		}
		if all[i].ID == 0 {
			return nil, fmt.Errorf("lab: no request has the number %d", id)
		}
	}
	return all, nil
}
