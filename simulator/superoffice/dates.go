package superoffice

import (
	"strings"
	"time"
)

// never is how a time is written that there is not.
const never = "0001-01-01T00:00:00"

// zones is what a request says of the dates that it wants.
type zones struct {
	utc, tagged bool
}

// newZones reads the header SO-TimeZone: a zone, and whether dates shall carry
// their offset.
func newZones(header string) zones {
	name, rest, _ := strings.Cut(header, ",")
	return zones{utc: strings.EqualFold(strings.TrimSpace(name), "UTC"), tagged: strings.EqualFold(strings.TrimSpace(rest), "includeTZOffset")}
}

// dates writes the dates of one answer.
type dates struct {
	zone     *time.Location
	switches *Switches
	asked    zones
}

func (s *Server) dates(c *call) dates {
	return dates{zone: s.o.Zone, switches: &c.switches, asked: newZones(c.Header.Get("SO-TimeZone"))}
}

func (d dates) layout(suffix string) string {
	layout := "2006-01-02T15:04:05"
	if n := min(max(d.switches.DateFraction, 0), 9); n > 0 {
		layout += "." + strings.Repeat("0", n)
	}
	return layout + suffix
}

func (d dates) offset() string {
	if d.switches.ColonInOffset {
		return "Z07:00"
	}
	return "Z0700"
}

// chat writes a date of a chat, as the switch says.
func (d dates) chat(at time.Time) string {
	if at.IsZero() {
		return never
	}
	at = at.Add(d.switches.ClockSkew)
	local := at.In(d.zone)
	switch tagged := d.asked.tagged; d.switches.Dates {
	case DatesTagged:
		if tagged {
			return local.Format(d.layout(d.offset()))
		}
	case DatesPretended:
		if tagged {
			return local.Format(d.layout("")) + "Z"
		}
	case DatesConverted:
		if d.asked.utc {
			local = at.UTC()
		}
		if tagged {
			return local.Format(d.layout(d.offset()))
		}
	case DatesUnmarked:
	}
	return local.Format(d.layout(""))
}

// posted writes the date of a message.
func (d dates) posted(m time.Time, bot bool) string {
	if bot {
		m = m.Add(d.switches.BotDelay)
	}
	if d.switches.PostedLocal {
		return d.chat(m)
	}
	suffix := ""
	if d.switches.Dates != DatesUnmarked && d.asked.tagged {
		suffix = "Z"
	}
	return m.Add(d.switches.ClockSkew).UTC().Format(d.layout("")) + suffix
}

// read reads a date of a filter, which is in the server's zone unless it is said to
// be in UTC.
func (d dates) read(text string, utc bool) (time.Time, error) {
	zone := d.zone
	if utc || d.switches.Dates == DatesConverted && d.asked.utc {
		zone = time.UTC
	}
	var at time.Time
	var err error
	for _, layout := range [...]string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if at, err = time.ParseInLocation(layout, text, zone); err == nil {
			return at.Add(-d.switches.ClockSkew), nil
		}
	}
	return time.Time{}, err //nolint:wrapcheck // The caller says what was being read.
}
