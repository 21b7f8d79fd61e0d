# `make help` lists the targets. Every tool has its version here; the modules
# have theirs in go.mod.

GOLANGCI_LINT_VERSION := v2.15.0
# A Debian package, with =VERSION where a certain one is wanted. A prometheus and
# a promtool that are on the PATH are used instead.
PROMETHEUS_PACKAGE ?= prometheus
# The same for an alertmanager and its amtool.
ALERTMANAGER_PACKAGE ?= prometheus-alertmanager
# Those are what a distribution has. Beside them stand a current Prometheus, whose
# version is in tools/prometheus/go.mod, and Alertmanager: the newest whose server
# can be built with go install, as later ones want the pages for the browser first.
ALERTMANAGER_VERSION := v0.31.1
# The same for a browser.
CHROMIUM_PACKAGE ?= chromium
TOOLS ?= .tools
# What $(abspath) does, for one path that may have spaces in it, which that takes for several.
absolute = $(if $(filter /%,$(firstword $(1))),$(1),$(CURDIR)/$(1))
override TOOLS := $(call absolute,$(TOOLS))

GO ?= go
# The Go of the machine is used as it is; go.mod says which one it must be.
export GOTOOLCHAIN ?= local

GOLANGCI_LINT := $(TOOLS)/bin/golangci-lint
PROMETHEUS ?= $(TOOLS)/bin/prometheus
PROMTOOL ?= $(TOOLS)/bin/promtool
ALERTMANAGER ?= $(TOOLS)/bin/alertmanager
AMTOOL ?= $(TOOLS)/bin/amtool
# The folder with current ones of all four.
CURRENT ?= $(TOOLS)/current
CHROMIUM ?= $(TOOLS)/bin/chromium

BINARY := conversation_exporter
SIMULATOR := bin/simulator
VERSION := $(shell cat VERSION)
REVISION := $(shell git rev-parse --verify --quiet HEAD || echo unknown)
BRANCH := $(shell git symbolic-ref --short --quiet HEAD || echo unknown)
VERSION_PACKAGE := github.com/prometheus/common/version
LDFLAGS := -s -w \
	-X $(VERSION_PACKAGE).Version=$(VERSION) \
	-X $(VERSION_PACKAGE).Revision=$(REVISION) \
	-X $(VERSION_PACKAGE).Branch=$(BRANCH)

# The modules that are linted: this one, and that of the end-to-end tests.
MODULES := . $(patsubst %/go.mod,%,$(wildcard e2e/go.mod))

BENCH ?= .
BENCHTIME ?= 1s
E2E ?= .
SEEDS ?= 50

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the exporter into ./conversation_exporter
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BINARY) .

.PHONY: simulator
simulator: ## build the simulator into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o $(SIMULATOR) ./simulator/cmd/simulator

.PHONY: test
test: tool-prometheus ## vet, run the tests with the race detector, and fuzz for a moment
	$(GO) vet ./...
	PROMTOOL='$(call absolute,$(PROMTOOL))' $(GO) test -race -timeout 30m ./...
	WEEK=1 $(GO) test -run '^TestASimulatedWeek$$' .
	WEEK=1 $(GO) test -run '^TestASimulatedWeekOfSuperOffice$$/^as_it_is' .
	@$(MAKE) --no-print-directory fuzz

# Each fuzz target gets so many inputs in CI, and runs for longer with FUZZTIME=10m.
# A time makes a target fail now and then, where its end comes in the middle of an input.
FUZZTIME ?= 20000x
FUZZ := conversation:FuzzLabel source/yeastar:FuzzMidnight conversation:FuzzFold config:FuzzParse web:FuzzTimeoutHeader \
	source/yeastar:FuzzSessionRows source/yeastar:FuzzAnswers source/yeastar:FuzzRecords \
	source/superoffice:FuzzList source/superoffice:FuzzEntities source/superoffice:FuzzMessages source/superoffice:FuzzDate

.PHONY: fuzz
fuzz: ## fuzz everything that parses, each for FUZZTIME
	@for target in $(FUZZ); do \
		$(GO) test -run '^$$' -fuzz "^$${target#*:}$$" -fuzztime '$(FUZZTIME)' "./$${target%%:*}" || exit 1; \
	done

# Both parts are run, whatever comes of the first: one failure must not hide another. What is
# started by exec is reached when make is told to end.
.PHONY: e2e
e2e: ## run the tests with a real Prometheus, Alertmanager and browser, and all mistakes in the alert rules and the figures
	@exec $(MAKE) --no-print-directory -j1 -k e2e-tests mutations-dashboards

# Those that may run beside others wait for alerts most of their time, so four at once are no load.
.PHONY: e2e-tests
e2e-tests: build simulator tool-prometheus tool-alertmanager tool-current tool-chromium ## only the tests of e2e; E2E=name chooses
	cd e2e && exec env \
		EXPORTER='$(CURDIR)/$(BINARY)' SIMULATOR='$(CURDIR)/$(SIMULATOR)' \
		PROMTOOL='$(call absolute,$(PROMTOOL))' PROMETHEUS='$(call absolute,$(PROMETHEUS))' CHROMIUM='$(call absolute,$(CHROMIUM))' \
		ALERTMANAGER='$(call absolute,$(ALERTMANAGER))' AMTOOL='$(call absolute,$(AMTOOL))' CURRENT='$(call absolute,$(CURRENT))' \
		TOOLS='$(TOOLS)' \
		$(GO) test -race -count=1 -parallel 4 -timeout 20m -run '$(E2E)' ./...

.PHONY: mutations-dashboards
mutations-dashboards: tool-prometheus ## look for mistakes in the alert rules and the figures that no test finds
	exec env MUTATIONS=1 PROMTOOL='$(call absolute,$(PROMTOOL))' $(GO) test -count=1 -timeout 30m -run '^TestEveryMistakeInThe(Rules|Figures)IsFound$$' .

.PHONY: pictures
pictures: build tool-prometheus tool-chromium ## draw the dashboards into docs/images from a demo of half an hour, by Grafana's own panel components but for the timeline of states; DEMO_LASTS=10m chooses
	cd e2e && \
		EXPORTER='$(CURDIR)/$(BINARY)' PICTURES='$(CURDIR)/docs/images' TOOLS='$(TOOLS)' \
		PROMETHEUS='$(call absolute,$(PROMETHEUS))' CHROMIUM='$(call absolute,$(CHROMIUM))' \
		$(GO) test -count=1 -timeout 2h -run TestPicturesOfTheDashboards .

.PHONY: lint
lint: tool-golangci-lint ## check the style
	'$(GOLANGCI_LINT)' config verify --config .golangci.yml
	@for module in $(MODULES); do \
		echo "$(GOLANGCI_LINT) run ($$module)"; \
		(cd $$module && '$(GOLANGCI_LINT)' run --config '$(CURDIR)/.golangci.yml' ./...) || exit 1; \
	done

.PHONY: bench
bench: ## run the benchmarks; BENCH=name and BENCHTIME=3s choose
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime '$(BENCHTIME)' -benchmem ./...

.PHONY: demo
demo: ## run the exporter with two simulated systems inside
	$(GO) run . --demo

.PHONY: bench-process
bench-process: build simulator ## measure time and memory of the whole program from outside
	cd e2e && EXPORTER='$(CURDIR)/$(BINARY)' SIMULATOR='$(CURDIR)/$(SIMULATOR)' \
		$(GO) test -run '^$$' -bench BenchmarkProcess -benchtime 5x -timeout 30m .

.PHONY: bench-fleet
bench-fleet: build ## measure a fleet of 500 targets in one process from outside
	cd e2e && EXPORTER='$(CURDIR)/$(BINARY)' \
		$(GO) test -run '^$$' -bench BenchmarkFleet -benchtime 5x -timeout 30m .

.PHONY: soak
soak: ## run the simulated day and week for many seeds; SEEDS=100 chooses
	WEEK=1 SEEDS='$(SEEDS)' $(GO) test -count=1 -timeout 120m -run 'TestASimulated(Day|Week)' .

.PHONY: never-shown
never-shown: ## measure what the API never shows of what happens
	NEVER_SHOWN=1 $(GO) test -count=1 -v -run TestWhatTheAPINeverShows .

.PHONY: mutations
mutations: tool-prometheus ## look for mistakes in the alert rules and in the code that no test finds
	MUTATIONS=1 PROMTOOL='$(call absolute,$(PROMTOOL))' $(GO) test -count=1 -timeout 90m -run TestEveryMistakeInThe .

.PHONY: docs
docs: ## write docs/metrics.md anew
	UPDATE=1 $(GO) test -count=1 -run TestMetricsDocument .

.PHONY: tools
tools: tool-golangci-lint tool-prometheus tool-alertmanager tool-current tool-chromium ## put all tools below .tools/

# A tool that the caller names by PROMTOOL and PROMETHEUS needs no unpacking, and
# none that is named by CURRENT is built.
.PHONY: tool-golangci-lint tool-prometheus tool-alertmanager tool-current tool-chromium
tool-golangci-lint:
	@scripts/tools.sh '$(TOOLS)' golangci-lint '$(GOLANGCI_LINT_VERSION)'
tool-prometheus:
ifeq ($(origin PROMTOOL)$(origin PROMETHEUS),filefile)
	@scripts/tools.sh '$(TOOLS)' prometheus '$(PROMETHEUS_PACKAGE)'
endif
tool-alertmanager:
ifeq ($(origin ALERTMANAGER)$(origin AMTOOL),filefile)
	@scripts/tools.sh '$(TOOLS)' alertmanager '$(ALERTMANAGER_PACKAGE)'
endif
tool-current:
ifeq ($(origin CURRENT),file)
	@scripts/tools.sh '$(TOOLS)' current-prometheus tools/prometheus
	@scripts/tools.sh '$(TOOLS)' current-alertmanager '$(ALERTMANAGER_VERSION)'
endif
# Without a browser its tests are left out, but not in CI.
tool-chromium:
ifeq ($(origin CHROMIUM),file)
	@scripts/tools.sh '$(TOOLS)' chromium '$(CHROMIUM_PACKAGE)' || [ "$$CI" != true ]
endif

.PHONY: clean
clean: ## remove what was built, but not the tools
	rm -rf $(BINARY) bin
