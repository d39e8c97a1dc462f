# SPDX-License-Identifier: MIT
#
# One Makefile, explicit lists. Everything that is made lies below $(BUILD);
# `make help` lists the targets.

BUILD ?= build
ifeq ($(origin CC),default)
CC = gcc
endif
FUZZ_CC ?= clang
WERROR ?= 0
Q = $(if $(V),,@)
SAN ?=

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 \
	$(if $(filter 1,$(WERROR)),-Werror)
# clang 14 has no zeroing of what is not initialized, ARM no fcf-protection
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(findstring clang,$(CC)),,-ftrivial-auto-var-init=zero) \
	$(if $(filter x86_64,$(shell uname -m)),-fcf-protection=full)
OPT ?= -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
SAN_FLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
CFLAGS ?= -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -pthread $(OPT) $(CFLAGS) $(WARN) \
	$(HARDEN) $(SAN_FLAGS) -ffile-prefix-map=$(CURDIR)=. -MMD -MP
ALL_LDFLAGS = -pie -pthread -Wl,-z,relro,-z,now $(SAN_FLAGS) $(LDFLAGS)

PG_CFLAGS := $(shell pkg-config --cflags libpq 2>/dev/null)
PG_LIBS = -lpq

COMMON = daemon/listen daemon/metric daemon/notify daemon/ops \
	daemon/ops_server daemon/successor \
	wire/auth wire/envelope wire/event wire/roster_script wire/socket_id \
	config/address config/app config/channel_name config/conf \
	config/origin config/settings config/webhook \
	base/alloc base/backoff base/buf base/clock base/crypto base/http_head \
	base/json base/log base/text
MESSAGES = deadline leader main options stats \
	server/acceptor server/exchange server/fcgi_record server/fcgi_socket \
	server/ops_thread server/request_threads \
	api/app_request api/auth_post api/channel_info api/channels_get api/config_get \
	api/escape api/events_get api/events_post api/history api/message \
	api/messages_get api/messages_post api/range api/route api/signature \
	api/trigger \
	log/append_params log/batch log/committer log/committers log/entry log/head_reader \
	log/inbox log/locked_channels log/pending log/reader_pool log/row_json \
	log/store log/store_link log/store_server log/tail_cache \
	webhooks/webhook_body webhooks/webhook_post webhooks/webhook_sender \
	webhooks/webhook_stream \
	redis/event_commands redis/publisher redis/redis_connect redis/roster_reader \
	http/form_body http/cors http/etag http/api_error http/form http/multipart \
	http/path_pattern http/problem http/request http/response
RELAY = main stats \
	process/drain process/handover process/master process/heartbeat \
	process/worker \
	hub/cache_channel hub/client_event hub/fanout hub/heal hub/occupancy \
	hub/presence hub/connection_quota hub/session hub/time_limit hub/topic_router hub/signed_in_users \
	backends/bus backends/log_reader backends/redis_link backends/roster \
	net/conn net/conn_set net/listener net/loop net/outbuf \
	net/peer_address net/log_throttle \
	channels/cache_wait channels/channel channels/room channels/sequence \
	channels/stash \
	protocol/authorization protocol/frame protocol/roster_hint protocol/http_upgrade \
	protocol/deflate_offer protocol/deflate protocol/pusher protocol/siphash \
	protocol/ws

objects = $(foreach f,$(2),$(BUILD)/obj/$(1)/$(f).o)
# CHAOS=1: the build that tests/chaos breaks from within
CHAOS ?= 0
ifeq ($(CHAOS),1)
COMMON += base/chaos
ALL_CFLAGS += -DPUSHLOG_CHAOS
endif

COMMON_OBJ = $(call objects,common,$(COMMON))
MESSAGES_OBJ = $(call objects,messages-fcgi,$(MESSAGES))
RELAY_OBJ = $(call objects,relay,$(RELAY))

# for what takes parts of the programs: tests
ARCHIVES = $(BUILD)/messages-fcgi.a $(BUILD)/relay.a $(BUILD)/common.a

COMMON_LIBS = -ljson-c -lcrypto
MESSAGES_LIBS = -lfcgi -lhiredis -lcurl $(PG_LIBS)
RELAY_LIBS = -lhiredis -lz $(PG_LIBS)

all: $(BUILD)/messages-fcgi $(BUILD)/relay ## build both programs

run: ## install what running needs, build, and run everything in private
	@deploy/dev/install run
	@$(MAKE) --no-print-directory all
	@exec deploy/dev/run

page: ## install what bundling needs, and bundle the chat page into web/dist/
	@deploy/dev/install page
	@node web/build.mjs

clean: ## remove what was built; data in var/ stays
	rm -rf $(BUILD)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

.PHONY: all run page clean help

$(BUILD)/messages-fcgi: $(MESSAGES_OBJ) $(COMMON_OBJ)
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(MESSAGES_LIBS) $(COMMON_LIBS)

$(BUILD)/relay: $(RELAY_OBJ) $(COMMON_OBJ)
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(RELAY_LIBS) $(COMMON_LIBS)

$(BUILD)/messages-fcgi.a: $(filter-out %/main.o,$(MESSAGES_OBJ))
$(BUILD)/relay.a: $(filter-out %/main.o,$(RELAY_OBJ))
$(BUILD)/common.a: $(COMMON_OBJ)
$(ARCHIVES):
	@echo "  AR $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(PG_CFLAGS) -c -o $@ $<

# a script as a C string, a literal a line
$(BUILD)/gen/common/wire/roster_lua.h: common/wire/roster.lua
	@mkdir -p $(@D)
	$(Q)sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' $< >$@
$(BUILD)/obj/common/wire/roster_script.o: $(BUILD)/gen/common/wire/roster_lua.h
$(BUILD)/obj/common/wire/roster_script.o: ALL_CFLAGS += -I$(BUILD)/gen

# images and packages are built from a tree without tests
-include tests/unit/unit.mk tests/fuzz/fuzz.mk tests/bench/bench.mk

include deploy/install.mk

# --- tests ---
#
# tests/run builds what it runs by with-gcc and with-asan, which make goals of
# this file in a folder of their own, and learns by list-… what there is. gcc
# and clang must both have nothing to say. clang's build has the sanitizers;
# the unit tests and the corpus run in it.

GCC_BUILD = +$(MAKE) BUILD=$(BUILD)/gcc CC=gcc WERROR=1
ASAN_BUILD = +$(MAKE) BUILD=$(BUILD)/asan CC=clang WERROR=1 OPT=-O1 \
	SAN=address,undefined
FUZZ_BUILD = +$(MAKE) BUILD=$(BUILD)/fuzz CC=$(FUZZ_CC) OPT=-O1 \
	SAN=address,undefined,fuzzer-no-link

GCC_GOALS = all
ASAN_GOALS = all unit fuzz-replay
with-gcc:
	$(GCC_BUILD) $(GCC_GOALS)
with-asan:
	$(ASAN_BUILD) $(ASAN_GOALS)
list-unit:
	@printf '%s\n' $(UNIT:%=$(BUILD)/asan/unit/%)
list-fuzz:
	@printf '%s\n' $(FUZZ:%=$(BUILD)/asan/fuzz/%)

CHAOS_BUILD = +$(MAKE) BUILD=$(BUILD)/chaos CHAOS=1
with-chaos:
	$(CHAOS_BUILD) all

unit: $(UNIT_TESTS)
fuzz-replay: $(FUZZ_TESTS)

check: ## the tests that need no servers: lint, unit, fuzz
	tests/run lint unit fuzz
test: ## install what testing needs, and run all tests
	deploy/dev/install test
	tests/run
test-deploy: ## boot each way to deploy: minutes, as root
	deploy/dev/install deploy
	@for trial in tests/deploy/*; do \
	  [ ! -x $$trial ] || $$trial || exit; done
fuzz: ## look for inputs that break a parser: FUZZ_SECONDS
	$(FUZZ_BUILD) $(FUZZ:%=fuzz-%)

CHAOS_READY = @deploy/dev/install test && $(MAKE) --no-print-directory \
	all with-chaos
chaos: ## break everything for minutes: CHAOS_SECONDS, CHAOS_SEED
	$(CHAOS_READY)
	@node tests/chaos/chaos.mjs
chaos-alone: ## break one thing after the other, and see what it costs
	$(CHAOS_READY)
	@node tests/chaos/alone.mjs
chaos-switches: ## see that the checker can fail
	$(CHAOS_READY)
	@node --test-reporter=tap tests/chaos/switches.test.mjs

SOURCES = $(shell find common messages-fcgi relay tests -name node_modules \
	-prune -o -name '*.[ch]' -print)
options: all ## write the options that --help prints to their two pages
	@BUILD=$(BUILD) deploy/dev/options sample >$(BUILD)/pushlog.conf
	@BUILD=$(BUILD) deploy/dev/options manual >$(BUILD)/pushlog.conf.5
	@cp $(BUILD)/pushlog.conf deploy/
	@cp $(BUILD)/pushlog.conf.5 deploy/man/
format: ## format the C sources
	clang-format -i $(SOURCES)
format-check:
	clang-format --dry-run -Werror $(SOURCES)

.PHONY: all with-gcc with-asan with-chaos list-unit list-fuzz unit fuzz-replay check \
	test test-deploy fuzz chaos chaos-alone chaos-switches options format format-check

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
