package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator"
	"conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// desk serves a simulated SuperOffice on which one visitor chats with an agent, at
// the present and in a zone that is two hours ahead of UTC.
func desk(t *testing.T) (*simulator.Simulator, string) {
	t.Helper()
	sim := simulator.New(simulator.Options{
		World: world.Options{Still: true, Start: time.Now()}, SuperOffice: superoffice.Options{Zone: time.FixedZone("", 2*60*60)},
	})
	id, err := sim.World.Desk().Open(world.ChatOpening{Topic: world.TopicSupport})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.World.Desk().PickUp(id, "1001"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.SuperOffice)
	t.Cleanup(server.Close)
	return sim, server.URL + superoffice.Base
}

// Each way to sign in on site, and what can be wrong there, in words for people.
func TestTheOnlineCheckOfSuperOffice(t *testing.T) {
	const basic, zone = "      basic_auth: { username: canary-monitor, password: canary-password }\n", "      time_zone: Etc/GMT-2\n"
	everything := []string{
		"desk: all that is needed works", "ok sign-in SuperOffice 10.", "ok MDOList/chatchannel 4 topics", "ok ChatTopic/{id} ok ChatTopic/{id}/IsOpen",
		"ok ChatSession 1 open session", "ok Archive/Dynamic", "ok ChatSession/{id}/Messages", "ok Agents/Chat/GetChatPresence 18 chat users",
		"ok time zone the dates of sessions agree with the clock", "ok clock",
	}
	for name, f := range map[string]struct {
		// inner is the block, but for the address; TICKET is a valid one.
		inner string
		spoil func(*superoffice.Switches)
		code  int
		want  []string
	}{
		"user and password": {inner: basic + zone, want: everything},
		"a ticket":          {inner: "      authorization: { credentials: 'TICKET' }\n" + zone, want: everything},
		"a wrong password": {
			inner: "      basic_auth: { username: canary-monitor, password: wrong }\n", code: 1,
			want: []string{"desk: cannot be read as configured", "FAILED sign-in SuperOffice refuses the credentials -> check basic_auth or authorization, before the account is locked", "NOT TRIED all other endpoints"},
		},
		"a wrong ticket": {
			inner: "      authorization: { credentials: '7T:canary' }\n", code: 1,
			want: []string{"FAILED sign-in SuperOffice refuses the credentials -> check basic_auth or authorization"},
		},
		"a zone that is not the server's": {
			inner: basic, code: 1,
			want: []string{"FAILED time zone the dates of sessions are off by 2h, which must be the time zone: it seems to be UTC+02:00 -> set time_zone to the zone of the SuperOffice server"},
		},
		"no right to search tables": {
			inner: basic + zone, spoil: func(sw *superoffice.Switches) { sw.DynamicStatus = 403 },
			want: []string{"all that is needed works", "note Archive/Dynamic it cannot be used here", "ok ChatSession/{id} "},
		},
		"a server of 2021": {
			inner: basic + zone, spoil: func(sw *superoffice.Switches) { sw.OldServer = true },
			want: []string{"all that is needed works", "note ChatSession this version does not list the status of a session"},
		},
		"presence that is null": {
			inner: basic + zone, spoil: func(sw *superoffice.Switches) { sw.NullPresence = true },
			want: []string{"all that is needed works", "note Agents/Chat/GetChatPresence this version does not tell who is there"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			sim, url := desk(t)
			if f.spoil != nil {
				sim.SuperOffice.Set(f.spoil)
			}
			inner := strings.Replace(f.inner, "TICKET", sim.SuperOffice.Ticket(), 1)
			code, text := check(t, "  desk:\n    superoffice:\n      url: "+url+"\n"+inner)
			if code != f.code {
				t.Errorf("exit code %d, want %d", code, f.code)
			}
			for _, want := range f.want {
				if !strings.Contains(text, want) {
					t.Errorf("the output does not have %q", want)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// Something else answers at the address: it is told with its remedy in the log, too.
func TestAnAddressThatIsNotSuperOffice(t *testing.T) {
	_, url := still(t)
	file := write(t, "config.yml", "targets:\n  desk:\n    superoffice:\n      url: "+url+"/SuperOffice\n      basic_auth: { username: canary-monitor, password: canary-password }\n")
	code, stdout, stderr := once("--once", "--config.file="+file)
	if code != 1 || !strings.Contains(stderr, "the answer as a whole is not of the documented kind: check that url is the root of a SuperOffice installation, and what stands in front of it") {
		t.Errorf("exit code %d\nstderr: %s", code, stderr)
	}
	noCanary(t, stdout, stderr)
}
