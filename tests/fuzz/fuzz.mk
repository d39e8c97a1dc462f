# SPDX-License-Identifier: MIT
#
# The fuzz targets. Each is built in one of two ways: with libFuzzer, in a
# build whose SAN has fuzzer-no-link; and as a plain program that replays its
# corpus, in any other.
#
#     FUZZ            the targets, each tests/fuzz/NAME.c with a corpus in
#                     tests/fuzz/corpus/NAME and perhaps tests/fuzz/NAME.dict
#     FUZZ_NAME_LIBS  libraries beside those of common/

FUZZ = roster \
	common/base/json common/base/text \
	common/daemon/ops \
	common/wire/auth common/wire/envelope \
	messages-fcgi/api/call \
	messages-fcgi/http/form messages-fcgi/http/multipart \
	relay/channels/sequence \
	relay/protocol/deflate relay/protocol/http_upgrade \
	relay/protocol/pusher relay/protocol/ws

FUZZ_relay/protocol/deflate_LIBS = -lz
FUZZ_roster_LIBS = -lhiredis

FUZZ_TESTS = $(FUZZ:%=$(BUILD)/fuzz/%)
FUZZ_LIBS = -ljson-c -lcrypto
FUZZ_SECONDS ?= 20

ifneq ($(findstring fuzzer,$(SAN)),)
FUZZ_MAIN = -fsanitize=fuzzer
else
FUZZ_MAIN = $(BUILD)/obj/tests/fuzz/replay.o
endif

define fuzz_target
$(BUILD)/fuzz/$(1): $(BUILD)/obj/tests/fuzz/$(1).o \
		$(BUILD)/obj/tests/fuzz/replay.o \
		$(ARCHIVES)
	@mkdir -p $$(@D)
	@echo "  LD $$@"
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter-out %/replay.o,$$^) \
		$$(FUZZ_MAIN) $$(FUZZ_LIBS) $$(FUZZ_$(1)_LIBS)

# what it finds is kept below build/ until somebody gives it a name
fuzz-$(1): $(BUILD)/fuzz/$(1)
	@mkdir -p $(BUILD)/found/$(1)
	$$< -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=5 \
		-print_final_stats=1 -verbosity=0 \
		-artifact_prefix=$(BUILD)/found/$(1)- \
		$(if $(wildcard tests/fuzz/$(1).dict),-dict=tests/fuzz/$(1).dict) \
		$(BUILD)/found/$(1) tests/fuzz/corpus/$(1)
.PHONY: fuzz-$(1)
endef

$(foreach target,$(FUZZ),$(eval $(call fuzz_target,$(target))))
