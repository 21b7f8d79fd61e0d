package e2e

import "regexp"

// allChosen puts into the queries of a dashboard, or of its JSON, what Grafana puts in
// where all is chosen, and where a rate is over that time at the least.
func allChosen(queries, rate string) string {
	variable := regexp.MustCompile(`(\\?")\$(?:job|instance|target|channel|queue)(\\?")`)
	queries = variable.ReplaceAllString(queries, `$1.+$2`)
	return regexp.MustCompile(`\$__rate_interval\b`).ReplaceAllLiteralString(queries, rate)
}
