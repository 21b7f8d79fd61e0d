package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// nearLetters is how many letters a flag may be mistyped in to be recognised.
const nearLetters = 2

// explain adds to the error for a flag that there is not those that there are: the
// flags that begin alike, else the nearest one, else all.
func explain(app *kingpin.Application, err error) error {
	m := regexp.MustCompile(`^unknown (?:long|short) flag '--?(?:no-)?(.*)'$`).FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	family, _, _ := strings.Cut(m[1], ".")
	var all, alike []string
	nearest, least := "", nearLetters+1
	for _, flag := range app.Model().Flags {
		if flag.Hidden {
			continue
		}
		name := "--" + flag.Name
		all = append(all, name)
		if strings.HasPrefix(flag.Name, family+".") {
			alike = append(alike, name)
		}
		if n := letters(m[1], flag.Name); n < least {
			nearest, least = name, n
		}
	}
	switch {
	case len(alike) > 0:
		return fmt.Errorf("%w; there are %s", err, strings.Join(alike, ", "))
	case nearest != "":
		return fmt.Errorf("%w; the nearest is %s", err, nearest)
	}
	return fmt.Errorf("%w; there are %s", err, strings.Join(all, ", "))
}

// letters is how many letters have to be put in, left out or replaced to make one
// name of another.
func letters(from, to string) int {
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(from) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(to) {
			replaced := diagonal
			if from[i] != to[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(to)]
}
