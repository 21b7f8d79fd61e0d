package superoffice

import (
	"errors"
	"fmt"
	"strings"

	"conversation_exporter/source/httpapi"
)

// advice is what a failure means, and what to do about it.
type advice struct{ meaning, remedy string }

// sentence is the advice as the log tells it.
func (a advice) sentence() string {
	if a.remedy == "" {
		return a.meaning
	}
	return a.meaning + ": " + a.remedy
}

// adviceOf splits a sentence of the log, which tells the remedy behind a colon.
func adviceOf(sentence string) advice {
	meaning, remedy, _ := strings.Cut(sentence, ": ")
	return advice{meaning, remedy}
}

// adviceOn puts an error into words.
func adviceOn(err error) advice {
	var (
		refused   credentialsError
		status    statusError
		remedy    remedyError
		transport *httpapi.Error
	)
	switch {
	case errors.As(err, &refused):
		return advice{refused.meaning(), "check " + refused.keys + ", before the account is locked"}
	case errors.Is(err, errUnproven):
		return adviceOf(errUnproven.Error())
	case errors.As(err, &status):
		return advice{fmt.Sprintf("%s (HTTP %d)", status.meaning, status.cause.Status), status.remedy}
	case errors.As(err, &remedy):
		return remedy.advice
	case errors.As(err, &transport):
		return connecting(transport)
	default:
		text := strings.TrimPrefix(err.Error(), "signing in: ")
		if _, rest, ok := strings.Cut(text, pathState+": "); ok {
			text = rest
		}
		return adviceOf(text)
	}
}

// connecting completes what is told where no answer of SuperOffice came, or none
// that means more here than elsewhere.
func connecting(e *httpapi.Error) advice {
	a := adviceOf(e.Text)
	switch {
	case e.Certificate != nil:
		a.remedy += "; the SHA-256 of the one that was shown is " + e.Certificate.SHA256
	case e.Status >= 500:
		a.remedy = "look whether SuperOffice is being restarted, as the cloud is at night, and at what stands in front of it"
	case e.Reason == httpapi.ReasonDecode && e.Status == 0 && (a.remedy == "" || strings.HasPrefix(a.remedy, "check that the address")):
		a.remedy = "check that url is the root of a SuperOffice installation, and what stands in front of it"
	case a.remedy == "":
		a.remedy = remedyAddress
	}
	return a
}

// fit is the advice for a target of its kind.
func (a advice) fit(online bool) advice {
	if online {
		return a.inCloud()
	}
	return a
}

// inCloud replaces a remedy that names url, which a tenant of the cloud does not have:
// there the environment is what leads to a host. Nor is a certificate of the cloud
// one that a person would vouch for.
func (a advice) inCloud() advice {
	switch named := strings.ReplaceAll(a.remedy, "proxy_url", ""); {
	case strings.HasSuffix(a.remedy, "its version may be too old"):
		a.remedy = "look for a newer version of the exporter: the cloud is always up to date"
	case strings.Contains(named, "certificate_sha256"):
		a.remedy = "look what stands between this machine and the cloud and shows a certificate of its own, and set tls_config.ca_file to that of its authority"
	case strings.Contains(named, " url"):
		a.remedy = "check online.environment, and whether a firewall or a proxy is in between"
	}
	return a
}
