package superoffice

import (
	"errors"
	"fmt"
	"strings"

	"conversation_exporter/source/httpapi"
)

// advice is what a failure means, and what to do about it.
type advice struct{ meaning, remedy string }

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
		transport *httpapi.Error
	)
	switch {
	case errors.As(err, &refused):
		return advice{"SuperOffice refuses the credentials", "check " + refused.keys + ", before the account is locked"}
	case errors.Is(err, errUnproven):
		return adviceOf(strings.TrimPrefix(errUnproven.Error(), "signing in: "))
	case errors.As(err, &status):
		a := adviceOf(status.text)
		a.meaning = fmt.Sprintf("%s (HTTP %d)", a.meaning, status.cause.Status)
		return a
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

// connecting puts into words that no answer of SuperOffice came, or none that means
// more here than elsewhere.
func connecting(e *httpapi.Error) advice {
	a := adviceOf(e.Text)
	switch {
	case e.Certificate != nil:
		a.remedy += "; the SHA-256 of the one that was shown is " + e.Certificate.SHA256
	case strings.HasPrefix(e.Text, "connecting to the proxy "):
	case strings.HasPrefix(e.Text, "connecting to "):
		a.remedy += ", or environment in online, and whether a firewall or a proxy is in between"
	case strings.HasPrefix(e.Text, "the name "):
		a.remedy += ", or environment in online, and the name server of this machine"
	case e.Reason == httpapi.ReasonTimeout && e.Sent:
		a.remedy = "look whether the server is overloaded, or raise timeout"
	case a.remedy == "":
		a.remedy = remedyAddress
	}
	return a
}
