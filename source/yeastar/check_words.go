package yeastar

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// advice is what a failure means, and what to do about it.
type advice struct{ meaning, remedy string }

// adviceOf splits a sentence of the log, which tells the remedy behind a colon.
func adviceOf(sentence string) advice {
	meaning, remedy, _ := strings.Cut(sentence, ": ")
	return advice{meaning, remedy}
}

// judge says how a step that ended with an error went.
func (c *checker) judge(path string, err error) (conversation.Verdict, advice) {
	var withheld withheldError
	switch {
	case errors.As(err, &withheld):
		return conversation.VerdictUntried, advice{withheld.Error(), "mend what failed, and check again after that time"}
	case errors.Is(err, errStopped):
		return conversation.VerdictUntried, advice{meaning: "it was not asked after the answer of " + c.stopped}
	case errors.Is(err, conversation.ErrUnsupported):
		return conversation.VerdictUnavailable, c.unsupported(path)
	}
	a := adviceOn(err)
	var (
		code      *codeError
		transport *httpapi.Error
	)
	switch {
	case refusedWith(err, codeAddressBlock) && errors.As(err, &code):
		now := c.source.opts.Clock.Now()
		a.meaning = fmt.Sprintf("the PBX has blocked this address after failed sign-ins, until about %s (errcode %d)", instant(blockEnd(now, code.blockExpire), now), code.code)
		a.remedy = "check client_id and the secret, then remove the address under Security > Security Rules > Blocked IPs"
	case errors.As(err, &transport):
		a = connecting(transport, a)
	}
	return conversation.VerdictFailed, a
}

// adviceOn puts an error into words.
func adviceOn(err error) advice {
	var (
		refused   credentialsError
		code      *codeError
		transport *httpapi.Error
	)
	switch {
	case errors.As(err, &refused):
		return advice{
			fmt.Sprintf("the PBX refuses the credentials (errcode %d)", refused.code),
			"compare client_id and the secret with Integrations > API before the next try: after 5 failures within 10 minutes the PBX blocks this address",
		}
	case errors.As(err, &code):
		return adviceOnCode(code)
	case errors.As(err, &transport):
		return adviceOf(transport.Text)
	default:
		return advice{meaning: err.Error()}
	}
}

// adviceOnCode does so for a code of the PBX.
func adviceOnCode(e *codeError) advice {
	a := adviceOf(describeCode(e.code).text)
	switch {
	case e.code == codeTokenExpired:
		a = adviceOf(errUnproven.Error())
	case e.code == codeParameter && len(e.fields) > 0:
		a.meaning += " (" + strings.Join(e.fields, ", ") + ")"
	case a.meaning == "":
		a = advice{"the PBX answered with an error", "look the code up on the vendor's page \"Error Code and Error Message\""}
	}
	if a.remedy == "" {
		a.remedy = "report it, with the firmware version of the PBX"
		if e.class() == classRetry {
			a.remedy = "try again in a minute; if it stays, restart the PBX"
		}
	}
	a.meaning = fmt.Sprintf("%s (errcode %d)", a.meaning, e.code)
	return a
}

// unsupported says what to do where the PBX has no such endpoint. The vendor does
// not document which firmware brought the endpoints of messages, so what is known
// of messaging itself is told.
func (c *checker) unsupported(path string) advice {
	a := advice{"this PBX does not have this interface (errcode 10001)", "check that url is that of a P-Series PBX, and update its firmware"}
	if !strings.HasPrefix(path, "message") {
		return a
	}
	has := ""
	if c.version != "" {
		has = " (this one has " + c.version + ")"
	}
	a.remedy = "update the firmware to 37.20, 83.20, 84.20 or later" + has + ", and check that the plan is Enterprise or Ultimate"
	switch path {
	case pathQueueList, pathQueueQuery:
		a.remedy += "; for a PBX without message queues, set viewers.queue_members: false"
	case pathMessageGet, pathMessageQuery:
		a.remedy += "; else switch the group messages off"
	case pathChannels:
		a.remedy += "; else switch the group channels off"
	}
	return a
}

// connecting completes what is told where no answer of the PBX came.
func connecting(e *httpapi.Error, a advice) advice {
	switch {
	case e.Certificate != nil:
		return certificateAdvice(e.Certificate, a)
	case strings.HasPrefix(e.Text, "connecting to ") && !strings.HasPrefix(e.Text, "connecting to the proxy "):
		a.remedy += "; a PBX on site answers HTTPS on port 8088 unless that was changed, its remote access name and a PBX in the cloud on 443"
	case a.remedy == "":
		a.remedy = "check scheme, host and port in url, and what stands in front of the PBX"
	}
	return a
}

// certificateAdvice adds which certificate the server showed, and how to pin it. One
// that is for no host at all can only be pinned.
func certificateAdvice(shown *httpapi.Certificate, a advice) advice {
	const (
		day = "2006-01-02"
		pin = "compare its SHA-256 with that of the certificate on the PBX itself, and if they are the same set certificate_sha256 to it"
	)
	names := "no host"
	a.remedy += "; to pin this one, " + pin
	if len(shown.Names) > 0 {
		names = enumerate(shown.Names)
	} else {
		a.remedy = pin
	}
	a.meaning += fmt.Sprintf("; the one that was shown is for %s, valid from %s to %s, and its SHA-256 is %s", names, shown.From.UTC().Format(day), shown.Until.UTC().Format(day), shown.SHA256)
	return a
}

// zoneOf finds by how much the PBX's zone is ahead of UTC: it tells one instant in
// both. The form of the local time is a setting of the PBX, so several are tried.
func zoneOf(local string, epoch int64) (time.Duration, bool) {
	const (
		quarter = 15 * time.Minute
		slack   = 2 * time.Minute // The two need not be read at the same moment.
		widest  = 15 * time.Hour
	)
	if epoch <= 0 {
		return 0, false
	}
	for _, date := range []string{"2006-01-02", "2006/01/02", "01/02/2006", "02/01/2006", "01-02-2006", "02-01-2006"} {
		for _, clock := range []string{"15:04:05", "03:04:05 PM"} {
			t, err := time.Parse(date+" "+clock, strings.TrimSpace(local))
			if err != nil {
				continue
			}
			offset := t.Sub(time.Unix(epoch, 0))
			if zone := offset.Round(quarter); zone.Abs() <= widest && (offset-zone).Abs() <= slack {
				return zone, true
			}
		}
	}
	return 0, false
}

// zoneName writes an offset from UTC.
func zoneName(offset time.Duration) string {
	return "UTC" + time.Unix(0, 0).In(time.FixedZone("", int(offset/time.Second))).Format("-07:00")
}
