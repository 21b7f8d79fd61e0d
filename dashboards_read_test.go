package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const dashboardsDir = "dashboards"

// dashboard is what the tests look at of a dashboard of Grafana.
type dashboard struct {
	file          string
	UID           string   `json:"uid"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags"`
	Version       int      `json:"version"`
	SchemaVersion int      `json:"schemaVersion"`
	Editable      bool     `json:"editable"`
	Refresh       string   `json:"refresh"`
	Time          struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"time"`
	Links []struct {
		Type        string   `json:"type"`
		Tags        []string `json:"tags"`
		IncludeVars bool     `json:"includeVars"`
		KeepTime    bool     `json:"keepTime"`
	} `json:"links"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []struct {
			Name       string     `json:"name"`
			Datasource dataSource `json:"datasource"`
			Enable     bool       `json:"enable"`
			Hide       bool       `json:"hide"`
			IconColor  string     `json:"iconColor"`
			Target     query      `json:"target"`
		} `json:"list"`
	} `json:"annotations"`
	Panels []panel `json:"panels"`
}

type dataSource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// variable is a choice at the head of a dashboard.
type variable struct {
	Name       string          `json:"name"`
	Label      string          `json:"label"`
	Type       string          `json:"type"`
	Datasource dataSource      `json:"datasource"`
	Query      json.RawMessage `json:"query"`
	Refresh    int             `json:"refresh"`
	Multi      bool            `json:"multi"`
	IncludeAll bool            `json:"includeAll"`
	AllValue   string          `json:"allValue"`
	Current    json.RawMessage `json:"current"`
	Options    json.RawMessage `json:"options"`
	Regex      string          `json:"regex"`
	Hide       int             `json:"hide"`
}

// asks is what a variable asks Prometheus for.
func (v variable) asks() string {
	var q struct {
		Query string `json:"query"`
	}
	if err := json.Unmarshal(v.Query, &q); err != nil {
		return err.Error()
	}
	return q.Query
}

// panel is a panel, or a row with panels in it.
type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  dataSource `json:"datasource"`
	Collapsed   bool       `json:"collapsed"`
	GridPos     struct{ H, W, X, Y int }
	FieldConfig struct {
		Defaults  field `json:"defaults"`
		Overrides []struct {
			Matcher    matcher `json:"matcher"`
			Properties []struct {
				ID    string `json:"id"`
				Value any    `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Options struct {
		TextMode      string `json:"textMode"`
		ColorMode     string `json:"colorMode"`
		GraphMode     string `json:"graphMode"`
		ReduceOptions struct {
			Calcs  []string `json:"calcs"`
			Fields string   `json:"fields"`
			Values bool     `json:"values"`
		} `json:"reduceOptions"`
		SortBy []struct {
			DisplayName string `json:"displayName"`
			Desc        bool   `json:"desc"`
		} `json:"sortBy"`
	} `json:"options"`
	Transformations []struct {
		ID      string `json:"id"`
		Options struct {
			IndexByName   map[string]int    `json:"indexByName"`
			RenameByName  map[string]string `json:"renameByName"`
			ExcludeByName map[string]bool   `json:"excludeByName"`
		} `json:"options"`
	} `json:"transformations"`
	Targets []query `json:"targets"`
	Panels  []panel `json:"panels"`
}

// matcher says which fields an override is about.
type matcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

// property is how a panel shows a field of that name otherwise than others; nil if it
// does not.
func (p panel) property(name, id string) any {
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if o.Matcher.Options == name && property.ID == id {
				return property.Value
			}
		}
	}
	return nil
}

// field is how a value is shown.
type field struct {
	Unit     string   `json:"unit"`
	NoValue  string   `json:"noValue"`
	Decimals *float64 `json:"decimals"`
	Min      *float64 `json:"min"`
	Max      *float64 `json:"max"`
	Custom   struct {
		SpanNulls bool `json:"spanNulls"`
		HideFrom  struct {
			Viz     bool `json:"viz"`
			Legend  bool `json:"legend"`
			Tooltip bool `json:"tooltip"`
		} `json:"hideFrom"`
		Stacking struct {
			Mode string `json:"mode"`
		} `json:"stacking"`
		ThresholdsStyle struct {
			Mode string `json:"mode"`
		} `json:"thresholdsStyle"`
	} `json:"custom"`
	Color struct {
		Mode string `json:"mode"`
	} `json:"color"`
	Links []struct {
		URL string `json:"url"`
	} `json:"links"`
}

// query is a query of a panel.
type query struct {
	RefID        string     `json:"refId"`
	Datasource   dataSource `json:"datasource"`
	Expr         string     `json:"expr"`
	Hide         bool       `json:"hide"`
	Instant      bool       `json:"instant"`
	Range        bool       `json:"range"`
	Interval     string     `json:"interval"`
	Format       string     `json:"format"`
	LegendFormat string     `json:"legendFormat"`
}

// readDashboards reads the dashboards that the project ships.
func readDashboards(t *testing.T) []dashboard {
	t.Helper()
	files, err := filepath.Glob(dashboardsDir + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []dashboard
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d := dashboard{file: filepath.Base(file)}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list = append(list, d)
	}
	if len(list) != 3 {
		t.Fatalf("%d dashboards, want 3", len(list))
	}
	return list
}

// all are the panels of a dashboard without its rows.
func (d dashboard) all() []panel {
	var list []panel
	for _, p := range d.Panels {
		if p.Type != "row" {
			list = append(list, p)
		}
		list = append(list, p.Panels...)
	}
	return list
}

// where names a panel in a message.
func (d dashboard) where(p panel) string { return fmt.Sprintf("%s: %q", d.file, p.Title) }
