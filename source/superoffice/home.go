package superoffice

import (
	"context"
	"net/url"
)

// home is where the API of the system lives.
type home interface {
	// base is the root of the API.
	base(ctx context.Context) (*url.URL, error)
	// left notes that the API does not live at an address any more. It reports whether
	// another one may be found.
	left(base *url.URL) bool
	// version is that of the system where the home knows it, else empty.
	version() string
}

// onsite is an installation of one's own, which lives where the configuration says.
type onsite struct{ root *url.URL }

// base implements home.
func (o onsite) base(context.Context) (*url.URL, error) {
	return o.root.JoinPath(pathVersion, apiVersion), nil
}

// left implements home.
func (onsite) left(*url.URL) bool { return false }

// version implements home.
func (onsite) version() string { return "" }
