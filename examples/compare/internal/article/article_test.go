package article

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// docs are the article, and the figures that it was made of.
const docs = "../../../../docs/"

// The article is what its figures make of it: whoever changes a claim, a statement or the text
// makes it anew.
func TestTheArticleIsCurrent(t *testing.T) {
	data, err := os.ReadFile(docs + "article.json")
	require.NoError(t, err)
	var r result.Report
	require.NoError(t, json.Unmarshal(data, &r))
	var text strings.Builder
	require.NoError(t, Write(&text, &r))
	have, err := os.ReadFile(docs + "article.md")
	require.NoError(t, err)
	require.True(t, text.String() == string(have),
		"go run ./examples/compare -from docs/article.json -article docs/article.md makes it current")
}

// Every statement has an opinion that rests on figures.
func TestEveryStatementIsJudged(t *testing.T) {
	data, err := os.ReadFile(docs + "article.json")
	require.NoError(t, err)
	var r result.Report
	require.NoError(t, json.Unmarshal(data, &r))
	vs := verdict.Judge(r.Evidence())
	n := 0
	for _, topic := range Topics {
		for _, s := range topic.Statements {
			n++
			j := s.Judge(vs)
			require.NotEqual(t, NotMeasured, j.Opinion, s.Text)
			require.NotEmpty(t, j.Figures, s.Text)
		}
	}
	require.GreaterOrEqual(t, n, 45)
}

func TestOpinions(t *testing.T) {
	vs := []verdict.Verdict{
		{Claim: "yes", Outcome: verdict.Holds, Evidence: "1 of 1"},
		{Claim: "no", Outcome: verdict.DoesNotHold},
		{Claim: "open", Outcome: verdict.Inconclusive},
		{Claim: "unknown", Outcome: verdict.Unmeasured},
	}
	for want, claims := range map[Opinion][][]string{
		Right:       {{"yes"}, {"!no"}, {"yes", "!no"}},
		Wrong:       {{"no"}, {"!yes"}},
		HalfRight:   {{"yes", "no"}, {"yes", "!yes", "open"}},
		Undecided:   {{"open"}, {"yes", "open"}},
		NotMeasured: {{"unknown"}, {"yes", "unknown"}},
	} {
		for _, of := range claims {
			require.Equal(t, want, Statement{Claims: of}.Judge(vs).Opinion, of)
		}
	}
	require.Equal(t, []string{"*yes* holds: 1 of 1"}, Statement{Claims: []string{"yes", "unknown"}}.Judge(vs).Figures)
	require.Panics(t, func() { Statement{Claims: []string{"none"}}.Judge(vs) })
}
