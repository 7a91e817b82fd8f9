# lade: build, tests, installation. `make help` lists the targets.

VERSION := $(shell sed -n 's/.*LADE_VERSION "\(.*\)"/\1/p' src/version.h)

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/lade
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
DESTDIR ?=

CC ?= cc
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config

# SAN=asan builds with AddressSanitizer and UndefinedBehaviorSanitizer, in a folder of its own.
SAN ?=
SAN_FLAGS_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
SAN_FLAGS_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
BUILD ?= build/$(notdir $(firstword $(CC)))$(if $(SAN),-$(SAN))

# WERROR=1 is what CI sets: a new compiler's new warning must not break a user's build.
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wpointer-arith -Wundef -Wwrite-strings $(if $(WERROR),-Werror)
PACKAGES := libcurl yajl libxxhash zlib
LADE_CFLAGS := -std=c11 -D_GNU_SOURCE -Isrc $(WARNINGS) $(SAN_FLAGS_$(SAN))
# asked for once, and only when something is compiled
LADE_LIBS = $(eval LADE_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lcsv -lm)$(LADE_LIBS)
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES)))$(PACKAGE_CFLAGS)

ROOMS := base policy manifest ledger api show command
SOURCES := \
	src/base/address.c src/base/arena.c src/base/buf.c src/base/clock.c src/base/diag.c src/base/fault.c \
	src/base/hashset.c src/base/json_text.c src/base/mem.c src/base/text.c src/base/units.c \
	src/policy/backoff.c src/policy/budget.c src/policy/estimate.c src/policy/load.c src/policy/outage.c \
	src/policy/outcome.c src/policy/queue.c src/policy/quota.c src/policy/rate.c \
	src/policy/review.c src/policy/schedule.c \
	src/manifest/asset.c src/manifest/columns.c src/manifest/csv.c src/manifest/csv_scan.c src/manifest/encoding.c \
	src/manifest/json.c src/manifest/json_cursor.c src/manifest/json_lookup.c src/manifest/json_reader.c \
	src/manifest/json_scan.c src/manifest/json_shape.c src/manifest/json_strict.c src/manifest/members.c \
	src/manifest/lines.c src/manifest/manifest.c src/manifest/sniff.c \
	src/manifest/source.c src/manifest/url.c \
	src/ledger/asset_map.c src/ledger/cache.c src/ledger/carry.c src/ledger/file.c src/ledger/index.c \
	src/ledger/journal.c src/ledger/layout.c src/ledger/load.c src/ledger/open.c src/ledger/order.c \
	src/ledger/merge.c src/ledger/merge_target.c src/ledger/record.c src/ledger/recover.c \
	src/ledger/results.c src/ledger/rewrite.c src/ledger/scan.c \
	src/api/engine.c src/api/head.c src/api/media.c src/api/ratelimit.c src/api/reply.c src/api/request.c \
	src/api/site.c src/api/transfer.c \
	src/show/eventlog.c src/show/failures.c src/show/fields.c src/show/findings.c src/show/frame.c src/show/histogram.c \
	src/show/machine.c src/show/minutes.c src/show/page.c src/show/page_failures.c \
	src/show/page_style.c src/show/plot.c src/show/plot_latency.c src/show/progress.c src/show/report.c \
	src/show/report_html.c src/show/report_json.c src/show/report_text.c \
	src/show/review_counts.c src/show/summary.c src/show/timeline.c \
	src/command/admit.c src/command/check.c src/command/completion.c src/command/fate.c src/command/help.c \
	src/command/key.c src/command/log.c src/command/open.c src/command/options.c src/command/outputs.c src/command/probe.c \
	src/command/report.c src/command/review.c src/command/review_open.c src/command/review_tell.c \
	src/command/run.c src/command/session.c src/command/settle.c src/command/start.c src/command/tell.c src/command/values.c
MAIN := src/main.c

STANDIN_SOURCES := tests/server/answer.c tests/server/fault.c tests/server/limit.c tests/server/media.c \
	tests/server/request.c tests/server/standin.c
SIM_SOURCES := tests/sim/scenarios.c tests/sim/server.c tests/sim/sim.c
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)

HOOK := $(if $(SAN),,$(BUILD)/hook.so)
DEEDS := kill after torn power powernames short full ENOSPC EIO EDQUOT EINTR
# what the tests from outside are told
PROGRAMS = LADE=$(abspath $(BUILD)/lade) STANDIN=$(abspath $(BUILD)/standin) HOOK=$(abspath $(HOOK))

OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
MAIN_OBJECT := $(MAIN:%.c=$(BUILD)/%.o)
LIBRARY := $(BUILD)/liblade.a
STANDIN_OBJECTS := $(STANDIN_SOURCES:%.c=$(BUILD)/%.o)
FUZZ_TARGET_SOURCES := tests/fuzz/fuzz_csv.c tests/fuzz/fuzz_json.c tests/fuzz/fuzz_journal.c tests/fuzz/fuzz_results.c \
	tests/fuzz/fuzz_server.c tests/fuzz/fuzz_url.c tests/fuzz/fuzz_words.c tests/fuzz/targets.c
FUZZ_TARGETS := csv json ndjson manifest url type reply retry_after results journal units options
CONFORMANCE_SOURCES := tests/conformance/test_conformance.c
SIM_OBJECTS := $(SIM_SOURCES:%.c=$(BUILD)/%.o)
BENCH_PROGRAMS := $(BUILD)/tests/bench/bare $(BUILD)/tests/bench/controller $(BUILD)/tests/bench/libcurl \
	$(BUILD)/tests/bench/measure
UNIT_PROGRAMS := $(UNIT_SOURCES:%.c=$(BUILD)/%)
CONFORMANCE_PROGRAMS := $(CONFORMANCE_SOURCES:%.c=$(BUILD)/%)
ALL_OBJECTS := $(OBJECTS) $(MAIN_OBJECT) $(STANDIN_OBJECTS) $(SIM_OBJECTS) \
	$(BUILD)/tests/sim/bench.o $(UNIT_SOURCES:%.c=$(BUILD)/%.o) \
	$(CONFORMANCE_SOURCES:%.c=$(BUILD)/%.o) $(FUZZ_TARGET_SOURCES:%.c=$(BUILD)/%.o) \
	$(BUILD)/tests/fuzz/replay.o $(BUILD)/tests/fuzz/libfuzzer.o

# V=1 shows whole commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)  $@")

.PHONY: all check check-long check-unit check-conformance check-fuzz check-cli check-crash \
	check-growth check-layers check-drift fuzz bench bench-rate bench-rate-peers demo test deps lint \
	format dist install uninstall deb check-install clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/lade $(BUILD)/standin

$(BUILD)/lade: $(MAIN_OBJECT) $(LIBRARY)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS_$(SAN)) $(LDFLAGS) -o $@ $^ $(LADE_LIBS)

$(LIBRARY): $(OBJECTS)
	$(call say,AR  )
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/standin: $(STANDIN_OBJECTS)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS_$(SAN)) $(LDFLAGS) -o $@ $^

# A preloaded library and a sanitizer's runtime do not go together.
$(BUILD)/hook.so: tests/crash/hook.c
	$(call say,CC  )
	$(Q)$(CC) -std=c11 -O1 $(WARNINGS) -shared -fPIC -o $@ $<

# of the unit tests one runs the simulation
$(BUILD)/tests/unit/test_sim: $(SIM_OBJECTS)
$(BUILD)/tests/unit/test_sim.o: LADE_CFLAGS += -Itests/sim

$(BUILD)/tests/sim/bench: $(BUILD)/tests/sim/bench.o $(SIM_OBJECTS) $(LIBRARY)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS_$(SAN)) $(LDFLAGS) -o $@ $^ $(LADE_LIBS)

$(UNIT_PROGRAMS) $(CONFORMANCE_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(LIBRARY)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS_$(SAN)) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) -lcmocka $(LADE_LIBS)

$(BENCH_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(LIBRARY)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS_$(SAN)) $(LDFLAGS) -o $@ $^ $(LADE_LIBS)

$(BUILD)/tests/fuzz/replay: $(FUZZ_TARGET_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/tests/fuzz/replay.o $(LIBRARY)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS_$(SAN)) $(LDFLAGS) -o $@ $^ $(LADE_LIBS)

$(BUILD)/tests/fuzz/fuzz: $(FUZZ_TARGET_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/tests/fuzz/libfuzzer.o $(LIBRARY)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $^ $(LADE_LIBS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC  )
	$(Q)$(CC) $(LADE_CFLAGS) $(PACKAGE_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(ALL_OBJECTS:.o=.d)

## check: all tests but the long ones: two to three minutes
check: check-layers check-drift check-install check-unit check-conformance check-fuzz check-cli check-crash check-growth

## check-unit: one program per module
check-unit: $(UNIT_PROGRAMS)
	@tests/run-units $(UNIT_PROGRAMS)

## check-conformance: CSV and JSON, case by case (tests/conformance/*.table)
check-conformance: $(CONFORMANCE_PROGRAMS)
	@tests/run-units $(CONFORMANCE_PROGRAMS)

## check-fuzz: every fuzz target over its seeds, and over what is left of each when it is cut
check-fuzz: $(BUILD)/tests/fuzz/replay
	@$(BUILD)/tests/fuzz/replay tests/fuzz/corpus

## fuzz: FUZZ_SECONDS (20) of libFuzzer for each of FUZZ_TARGETS; needs clang and its libFuzzer
FUZZ_SECONDS ?= 20
fuzz:
	$(MAKE) --no-print-directory CC=clang SAN=fuzz build/clang-fuzz/tests/fuzz/fuzz
	@tests/fuzz/run build/clang-fuzz/tests/fuzz/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

## check-cli: the program from outside, against the stand-in API
check-cli: $(BUILD)/lade $(BUILD)/standin $(HOOK)
	@$(PROGRAMS) tests/run-cli tests/cli/*.bats tests/fault/*.bats

## check-crash: dies and fails at every step, and is run again
check-crash: $(BUILD)/lade $(BUILD)/standin $(HOOK)
	$(if $(SAN),,@$(PROGRAMS) tests/crash/steps csv-hold-kill ndjson-resend-torn csv-hold-full \
		ndjson-hold-EIO csv-hold-powernames)
	$(if $(SAN),,@$(PROGRAMS) tests/fault/memory 150)
	@$(PROGRAMS) tests/crash/kills 20 2000 64

## check-long: the same in every combination, and a thousand kills: half an hour
check-long: $(BUILD)/lade $(BUILD)/standin $(HOOK)
	@$(PROGRAMS) tests/crash/steps $(foreach format,csv ndjson,$(foreach mode,hold resend,\
		$(DEEDS:%=$(format)-$(mode)-%)))
	@$(PROGRAMS) tests/fault/memory 450
	@$(PROGRAMS) tests/bench/growth 10000 1280000
	@$(PROGRAMS) tests/crash/kills 1000 20000 64
	@packaging/deb $(VERSION)
	@! command -v lintian >/dev/null || lintian --fail-on warning,error build/lade_$(VERSION)_*.deb
	@$(PROGRAMS) ROUNDS=100 bats -f 'two runs at the same moment' tests/fault/fault.bats

## check-layers: each file includes only files of its own room or a lower one
check-layers:
	@tests/drift/layers $(ROOMS)

## check-drift: options = help = man page = completions, exit statuses, man pages clean, samples
check-drift: $(BUILD)/lade $(BUILD)/standin
	@tests/drift/drift $(BUILD)/lade
	@tests/drift/completions $(BUILD)/lade
	@tests/drift/samples $(abspath $(BUILD)/lade) $(abspath $(BUILD)/standin)

## check-install: what install puts there, uninstall takes away
check-install: $(BUILD)/lade
	@tests/drift/install $(BUILD)

## bench: beside real servers and peers, a table of goals, in a quarter of an hour. BENCH="throughput latency
## sync check memory": only some parts; ROUNDS (5) of each
BENCH ?=
bench: $(BUILD)/lade $(BUILD)/standin $(BENCH_PROGRAMS)
	@tests/install-deps build bench
	@$(PROGRAMS) BARE=$(abspath $(BUILD)/tests/bench/bare) MEASURE=$(abspath $(BUILD)/tests/bench/measure) \
		LIBCURL=$(abspath $(BUILD)/tests/bench/libcurl) CONTROLLER=$(abspath $(BUILD)/tests/bench/controller) NPM=$(abspath build/npm) tests/bench/run $(BENCH)

## check-growth: what a row costs does not depend on how many there are: instructions, by valgrind
check-growth: $(BUILD)/lade $(BUILD)/standin
	$(if $(SAN),,@$(PROGRAMS) tests/bench/growth)

## bench-rate: rate control on simulated servers; SEEDS=16
bench-rate: $(BUILD)/tests/sim/bench
	@$< $(or $(SEEDS),16)

## bench-rate-peers: lade, curl, GNU parallel and an AIMD script on one limit; up to 15 minutes
bench-rate-peers: $(BUILD)/lade $(BUILD)/standin
	@LADE=$(abspath $(BUILD)/lade) STANDIN=$(abspath $(BUILD)/standin) tests/bench/rate-peers

## deps: install what is missing, from Debian's packages
deps:
	@tests/install-deps build

## demo: the whole story in a minute, against the stand-in API
demo: deps
	$(MAKE) --no-print-directory all
	@LADE=$(abspath $(BUILD)/lade) STANDIN=$(abspath $(BUILD)/standin) samples/demo

## test: install what the tests need, then make check
test:
	@tests/install-deps build test
	$(MAKE) --no-print-directory check

## lint: static analysis
lint:
	cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem -Isrc src
	shellcheck -S warning -x tests/install-deps tests/run-units tests/run-cli tests/drift/layers \
		tests/drift/drift tests/drift/install tests/drift/completions tests/drift/samples \
		packaging/deb samples/demo samples/run-shards samples/slurm-array tests/fuzz/run \
		tests/bench/rate tests/bench/rate-peers tests/bench/run tests/bench/common.bash tests/bench/throughput tests/bench/latency \
		tests/bench/sync tests/bench/check tests/bench/memory tests/bench/growth \
		tests/crash/step tests/crash/steps tests/crash/kills tests/fault/memory
	codespell -S tests/fuzz/corpus -L nd,concurency,uplaod,te,titel src tests man README.md CONTRIBUTING.md CHANGELOG.md samples

## format: as .clang-format says
format:
	clang-format -i $(SOURCES) $(MAIN) $(wildcard src/*/*.h) $(UNIT_SOURCES) $(CONFORMANCE_SOURCES)

$(BUILD)/completion.%: $(BUILD)/lade
	$(call say,GEN )
	$(Q)$(BUILD)/lade --completion $* >$@

## install: PREFIX=/usr/local, DESTDIR as usual
MAN_PAGES := man/lade.1 man/lade-output.5 man/lade-results.5
SAMPLES := $(wildcard samples/*)
# each installed file, for uninstall
INSTALLED = $(BINDIR)/lade $(foreach page,$(MAN_PAGES),$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
	$(BASHDIR)/lade $(ZSHDIR)/_lade $(FISHDIR)/lade.fish \
	$(addprefix $(DOCDIR)/,README.md CHANGELOG.md $(SAMPLES))
put = install -D -m $(1) $(2) "$(DESTDIR)$(3)"

install: $(BUILD)/lade $(BUILD)/completion.bash $(BUILD)/completion.zsh $(BUILD)/completion.fish
	$(call put,755,$(BUILD)/lade,$(BINDIR)/lade)
	for page in $(MAN_PAGES); do $(call put,644,$$page,$(MANDIR)/man$${page##*.}/$${page##*/}) || exit; done
	$(call put,644,$(BUILD)/completion.bash,$(BASHDIR)/lade)
	$(call put,644,$(BUILD)/completion.zsh,$(ZSHDIR)/_lade)
	$(call put,644,$(BUILD)/completion.fish,$(FISHDIR)/lade.fish)
	$(call put,644,README.md,$(DOCDIR)/README.md)
	$(call put,644,CHANGELOG.md,$(DOCDIR)/CHANGELOG.md)
	for file in $(SAMPLES); do $(call put,644,$$file,$(DOCDIR)/$$file) || exit; done

## uninstall: what install put there, and in a DESTDIR the folders that it leaves empty
uninstall:
	for file in $(INSTALLED); do rm -f "$(DESTDIR)$$file" || exit; done
	-rmdir "$(DESTDIR)$(DOCDIR)/samples" "$(DESTDIR)$(DOCDIR)" 2>/dev/null
	$(if $(DESTDIR),find "$(DESTDIR)" -mindepth 1 -depth -type d -empty -delete)

## deb: a Debian package, build/lade_VERSION_ARCH.deb
deb:
	@packaging/deb $(VERSION)

## dist: the source as an archive
dist:
	git archive --prefix=lade-$(VERSION)/ -o lade-$(VERSION).tar.gz HEAD

clean:
	rm -rf build

## help: this list
help:
	@sed -n 's/^## //p' Makefile
