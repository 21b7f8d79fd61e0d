package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"conversation_exporter/config"
)

// explain adds to the error for a flag that there is not those that there are: the
// flags that begin alike, else the nearest one, else all.
func explain(app *kingpin.Application, err error) error {
	m := regexp.MustCompile(`^unknown (?:long|short) flag '--?(?:no-)?(.*)'$`).FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	family, _, _ := strings.Cut(m[1], ".")
	var all, alike []string
	known := make([]string, 0, len(app.Model().Flags))
	for _, flag := range app.Model().Flags {
		if flag.Hidden {
			continue
		}
		name := "--" + flag.Name
		all = append(all, name)
		if strings.HasPrefix(flag.Name, family+".") {
			alike = append(alike, name)
		}
		known = append(known, flag.Name)
	}
	nearest := config.Nearest(m[1], known)
	switch {
	case len(alike) > 0:
		return fmt.Errorf("%w; there are %s", err, strings.Join(alike, ", "))
	case nearest != "":
		return fmt.Errorf("%w; the nearest is --%s", err, nearest)
	}
	return fmt.Errorf("%w; there are %s", err, strings.Join(all, ", "))
}
