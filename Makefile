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
HARDEN = -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -fPIE
OPT ?= -O2 -D_FORTIFY_SOURCE=2
SAN_FLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
CFLAGS ?= -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -pthread $(OPT) $(CFLAGS) $(WARN) \
	$(HARDEN) $(SAN_FLAGS) -ffile-prefix-map=$(CURDIR)=. -MMD -MP
ALL_LDFLAGS = -pie -pthread -Wl,-z,relro,-z,now $(SAN_FLAGS) $(LDFLAGS)

PG_CFLAGS := $(shell pkg-config --cflags libpq 2>/dev/null)
PG_LIBS = -lpq

COMMON = address alloc backoff buf channel_name clock conf crypto envelope \
	event json log settings text
MESSAGES = committer escape form main message messages_get messages_post \
	publisher request response route store
RELAY = bus channel conn fanout frame heal http_upgrade listener log_reader \
	loop main master outbuf peer_address pusher session siphash socket_id \
	stash throttle worker ws

objects = $(foreach f,$(2),$(BUILD)/obj/$(1)/$(f).o)
COMMON_OBJ = $(call objects,common,$(COMMON))
MESSAGES_OBJ = $(call objects,messages-fcgi,$(MESSAGES))
RELAY_OBJ = $(call objects,relay,$(RELAY))

COMMON_LIBS = -ljson-c -lcrypto
MESSAGES_LIBS = -lfcgi -lhiredis $(PG_LIBS)
RELAY_LIBS = -lhiredis $(PG_LIBS)

all: $(BUILD)/messages-fcgi $(BUILD)/relay

$(BUILD)/messages-fcgi: $(MESSAGES_OBJ) $(COMMON_OBJ)
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(MESSAGES_LIBS) $(COMMON_LIBS)

$(BUILD)/relay: $(RELAY_OBJ) $(COMMON_OBJ)
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(RELAY_LIBS) $(COMMON_LIBS)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(PG_CFLAGS) -c -o $@ $<

include tests/unit/unit.mk
include tests/fuzz/fuzz.mk

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
