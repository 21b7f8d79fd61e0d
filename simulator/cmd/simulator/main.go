// Command simulator serves a simulated PBX, and a CRM beside it, for trying the
// exporter on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"conversation_exporter/simulator"
	"conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
	"conversation_exporter/simulator/yeastar"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		stop()
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct {
	listen, crm, cursor, clientID, secretFile, logLevel string
	sessions, chatSessions, pageSizeLimit               int
	seed                                                uint64
	speed, arrivals, chats                              float64
	still, remote, https                                bool
	zone                                                *time.Location
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var o settings
	app := kingpin.New("simulator", "A simulated PBX for trying the conversation exporter on.")
	app.UsageWriter(stderr).ErrorWriter(stderr)
	app.HelpFlag.Short('h')
	app.Flag("listen-address", "Address to serve on.").Default("127.0.0.1:8088").StringVar(&o.listen)
	app.Flag("superoffice-listen-address", "Address to serve a simulated SuperOffice on, over HTTP; without it there is none.").StringVar(&o.crm)
	app.Flag("chats", "Visitors who begin a chat per virtual minute, where SuperOffice is served.").Default("4").Float64Var(&o.chats)
	app.Flag("chat-sessions", "Lasting chats to open beforehand, for load.").Default("0").IntVar(&o.chatSessions)
	app.Flag("allow-remote", "Allow an address that other machines can reach.").BoolVar(&o.remote)
	app.Flag("https", "Serve over TLS with a self-signed certificate that matches no host, as the boxes do.").BoolVar(&o.https)
	app.Flag("sessions", "Lasting sessions to open beforehand, for load.").Default("0").IntVar(&o.sessions)
	app.Flag("seed", "Seed of everything that happens by chance.").Default("1").Uint64Var(&o.seed)
	app.Flag("speed", "Virtual seconds that pass in a real one.").Default("1").Float64Var(&o.speed)
	app.Flag("arrivals", "Customers who write per virtual minute.").Default("12").Float64Var(&o.arrivals)
	zone := app.Flag("time-zone", "Time zone of the PBX, by which its day begins, such as Europe/Berlin.").Default("Local").String()
	app.Flag("still", "Let nothing happen by itself.").BoolVar(&o.still)
	app.Flag("page-size-limit", "Most rows of a page of sessions; 0 means no limit.").Default("0").IntVar(&o.pageSizeLimit)
	app.Flag("cursor", "Whether a page begins with its cursor's row.").Default("exclusive").EnumVar(&o.cursor, "inclusive", "exclusive")
	app.Flag("client-id", "Client ID to accept.").Default(yeastar.DefaultClientID).StringVar(&o.clientID)
	app.Flag("client-secret-file", "File with the client secret to accept; without it the secret is the default one.").StringVar(&o.secretFile)
	app.Flag("log.level", "Least severe messages to log.").Default("info").EnumVar(&o.logLevel, "debug", "info", "warn", "error")
	helped := false
	app.Terminate(func(int) { helped = true })
	_, err := app.Parse(args)
	switch {
	case helped:
		return o, errHelp
	case err != nil:
		return o, fmt.Errorf("read the flags: %w", err)
	case o.speed <= 0 || o.arrivals <= 0 || o.chats <= 0:
		return o, errors.New("--speed, --arrivals and --chats must be above 0")
	case o.sessions < 0 || o.chatSessions < 0 || o.pageSizeLimit < 0:
		return o, errors.New("--sessions, --chat-sessions and --page-size-limit must not be below 0")
	case !o.remote && !loopback(o.listen):
		return o, fmt.Errorf("%s can be reached from other machines: give --allow-remote if that is meant", o.listen)
	case o.crm != "" && !o.remote && !loopback(o.crm):
		return o, fmt.Errorf("%s can be reached from other machines: give --allow-remote if that is meant", o.crm)
	}
	if o.zone, err = time.LoadLocation(*zone); err != nil {
		return o, fmt.Errorf("read --time-zone: %w", err)
	}
	return o, nil
}

// errHelp says that the usage was asked for and given.
var errHelp = errors.New("help was asked for")

// loopback tells whether only this machine can reach an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if errors.Is(err, errHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	logger := log.NewLogfmtLogger(log.NewSyncWriter(stderr))
	logger = level.NewFilter(logger, level.Allow(level.ParseDefault(o.logLevel, level.InfoValue())))
	s, err := build(o)
	if err != nil {
		return err
	}
	var certificate *simulator.Certificate
	if o.https {
		if certificate, err = simulator.SelfSigned(); err != nil {
			return fmt.Errorf("prepare TLS: %w", err)
		}
	}
	began := time.Now()
	if err := s.Wind(began, o.sessions); err != nil {
		return fmt.Errorf("prepare the world: %w", err)
	}
	if err := s.World.Desk().Prefill(o.chatSessions); err != nil {
		return fmt.Errorf("prepare the chats: %w", err)
	}
	_ = level.Info(logger).Log("msg", "world is ready", "sessions", s.World.Kept(), "took", time.Since(began))
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	var crm net.Listener
	if o.crm != "" {
		if crm, err = config.Listen(ctx, "tcp", o.crm); err != nil {
			_ = l.Close()
			return fmt.Errorf("listen for SuperOffice: %w", err)
		}
	}
	introduce(stdout, introduction{address: l.Addr().String(), crm: crm, settings: o, simulator: s, certificate: certificate})
	s.World.AdvanceTo(time.Now())
	if err := serve(ctx, s, l, crm, certificate); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	_ = level.Info(logger).Log("msg", "stopped")
	return nil
}

// serve serves the PBX, over TLS where there is a certificate, and the CRM where
// there is a listener for it. Whichever stops first takes the other with it.
func serve(ctx context.Context, s *simulator.Simulator, l, crm net.Listener, certificate *simulator.Certificate) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var beside error
	var both sync.WaitGroup
	if crm != nil {
		both.Go(func() {
			defer stop()
			beside = s.ServeSuperOffice(ctx, crm)
		})
	}
	var err error
	if certificate == nil {
		err = s.Serve(ctx, l)
	} else {
		err = s.ServeTLS(ctx, l, certificate)
	}
	stop()
	both.Wait()
	return errors.Join(err, beside)
}

func build(o settings) (*simulator.Simulator, error) {
	options := simulator.Options{
		World: world.Options{
			Start: time.Now().Add(-simulator.History), Seed: o.seed, Still: o.still, Arrivals: o.arrivals, Zone: o.zone,
		},
		Yeastar: yeastar.Options{
			ClientID:  o.clientID,
			Forgetful: true, // nobody asks here what was shown
			Switches:  yeastar.Switches{PageSizeLimit: o.pageSizeLimit},
		},
		Speed: o.speed,
	}
	if o.crm != "" {
		options.World.Desk.Arrivals = o.chats
	}
	if o.zone == time.Local {
		// The exporter has to know the zone, and this one has no name.
		options.SuperOffice.Zone = time.UTC
	}
	if o.cursor == "inclusive" {
		options.Yeastar.Switches.Cursor = yeastar.Inclusive
	}
	if o.secretFile != "" {
		content, err := os.ReadFile(o.secretFile)
		if err != nil {
			return nil, fmt.Errorf("read the client secret: %w", err)
		}
		secret := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
		if secret == "" {
			return nil, fmt.Errorf("the client secret in %s is empty", o.secretFile)
		}
		options.Yeastar.ClientSecret = secret
	}
	return simulator.New(options), nil
}

// introduction is what an exporter has to know.
type introduction struct {
	address     string
	crm         net.Listener // nil without one
	settings    settings
	simulator   *simulator.Simulator
	certificate *simulator.Certificate // nil without TLS
}

// introduce prints where the simulator is and how an exporter gets at it. A
// secret that came from a file is not printed.
func introduce(out io.Writer, i introduction) {
	secret := "client_secret: " + i.simulator.ClientSecret()
	if i.settings.secretFile != "" {
		secret = fmt.Sprintf("client_secret_file: %q", i.settings.secretFile)
	}
	scheme, pin := "http", ""
	if i.certificate != nil {
		scheme, pin = "https", "      certificate_sha256: "+i.certificate.SHA256()+"\n"
	}
	fmt.Fprintf(out, `# The simulated PBX is at %[1]s://%[2]s
targets:
  demo:
    yeastar:
      url: %[1]s://%[2]s
      client_id: %[3]s
      %[4]s
%[5]s`, scheme, i.address, i.simulator.ClientID(), secret, pin)
	if i.crm == nil {
		return
	}
	desk := i.simulator.SuperOffice
	fmt.Fprintf(out, `  desk:
    superoffice:
      url: http://%s%s
      basic_auth: { username: %s, password: %s }
      time_zone: %s
`, i.crm.Addr(), superoffice.Base, desk.User(), desk.Password(), desk.Zone())
}
