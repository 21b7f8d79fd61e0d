package e2e

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// hurry is how many times faster than in earnest these tests run the rules and the
// sample configurations.
const hurry = 60

// read is the text of a file of the project.
func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// hurried is a copy of a YAML file in which every duration is divided by hurry: the
// values that are one, and in expressions also the numbers of a minute and more.
func hurried(t testing.TB, text string) string {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	hurryNode(t, &document)
	out, err := yaml.Marshal(&document)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func hurryNode(t testing.TB, node *yaml.Node) {
	t.Helper()
	for i, child := range node.Content {
		switch {
		case child.Kind != yaml.ScalarNode:
			hurryNode(t, child)
		case node.Kind == yaml.MappingNode && i%2 == 0: // A key.
		case node.Kind == yaml.MappingNode && node.Content[i-1].Value == "expr":
			child.Value = hurryExpr(t, child.Value)
		case regexp.MustCompile(`^` + durations + `$`).MatchString(child.Value):
			child.Value = hurryDuration(t, child.Value)
		}
	}
}

// durations is how Prometheus writes a duration.
const durations = `(?:\d+(?:ms|[smhdwy]))+`

// hurryExpr leaves what is quoted as it is, and names, in which a duration may stand.
func hurryExpr(t testing.TB, expr string) string {
	t.Helper()
	tokens := regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_][\w:]*|` + durations + `|\d+(?:\.\d+)?(?:e[+-]?\d+)?`)
	return tokens.ReplaceAllStringFunc(expr, func(token string) string {
		if token[0] < '0' || token[0] > '9' {
			return token
		}
		number, err := strconv.ParseFloat(token, 64)
		switch {
		case err != nil:
			return hurryDuration(t, token)
		case number < hurry:
			return token
		default:
			return strconv.FormatFloat(number/hurry, 'g', -1, 64)
		}
	})
}

func hurryDuration(t testing.TB, text string) string {
	t.Helper()
	units := map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
	}
	var total time.Duration
	for _, part := range regexp.MustCompile(`(\d+)(ms|[smhdwy])`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(part[1])
		if err != nil {
			t.Fatalf("the duration %s: %v", text, err)
		}
		total += time.Duration(n) * units[part[2]]
	}
	return strconv.FormatInt((total/hurry).Milliseconds(), 10) + "ms"
}

// replace puts something else in the place of what must be there.
func replace(t testing.TB, text, old, by string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%q is not in:\n%s", old, text)
	}
	return strings.ReplaceAll(text, old, by)
}

// Were a threshold left as it is, an alert would be tested that nobody has.
func TestEveryDurationOfTheRulesIsDivided(t *testing.T) {
	for expr, want := range map[string]string{
		`time() - a > 1800`:                       `time() - a > 30`,
		`0 < a{awaiting="agent"} - time() < 3600`: `0 < a{awaiting="agent"} - time() < 60`,
		`300 * group by (job) (a)`:                `5 * group by (job) (a)`,
		`increase(a_total[15m]) > 3`:              `increase(a_total[15000ms]) > 3`,
		`a:rate1h{le=~"300(\\.0)?",b='5m'} < 0.8`: `a:rate1h{le=~"300(\\.0)?",b='5m'} < 0.8`,
		`sum_over_time(a[1h30m:1m] offset 1w)`:    `sum_over_time(a[90000ms:1000ms] offset 10080000ms)`,
		`a{remaining=~"lt_15m|15m_30m"} == 0`:     `a{remaining=~"lt_15m|15m_30m"} == 0`,
		`a > 1e3 and hour() < 20`:                 `a > 16.666666666666668 and hour() < 20`,
	} {
		if got := hurryExpr(t, expr); got != want {
			t.Errorf("%s becomes %s, want %s", expr, got, want)
		}
	}
	const file = "for: 1m\nlabels: {severity: warning}\nlist: [90s, '07:00']\nexpr: |\n  a[5m]\n  > 60\n"
	const want = "for: 1000ms\nlabels: {severity: warning}\nlist: [1500ms, '07:00']\nexpr: |\n    a[5000ms]\n    > 1\n"
	if got := hurried(t, file); got != want {
		t.Errorf("the file becomes:\n%s", got)
	}
}
