# SPDX-License-Identifier: MIT
#
# The unit tests: one program for each pure file. tests/unit mirrors the rooms.
#
#     UNIT            the tests, each tests/unit/NAME.c
#     UNIT_NAME       objects that it links beside those of both programs
#     UNIT_NAME_LIBS  libraries beside those of cmocka and common/

UNIT = bench/histogram \
	common/base/backoff common/base/buf common/base/crypto \
	common/base/json common/base/log common/base/span common/base/text \
	common/config/address common/config/app common/config/channel_name \
	common/config/conf common/config/origin common/config/settings \
	common/config/webhook \
	common/daemon/metric common/daemon/notify common/daemon/ops \
	common/daemon/successor \
	common/wire/auth common/wire/envelope common/wire/event \
	common/wire/socket_id \
	messages-fcgi/leader \
	messages-fcgi/api/channel_info messages-fcgi/api/escape \
	messages-fcgi/api/message messages-fcgi/api/range \
	messages-fcgi/api/signature messages-fcgi/api/trigger \
	messages-fcgi/http/cors messages-fcgi/http/etag \
	messages-fcgi/http/form messages-fcgi/http/multipart \
	messages-fcgi/http/path_pattern \
	messages-fcgi/log/append_params messages-fcgi/log/batch \
	messages-fcgi/log/entry messages-fcgi/log/inbox \
	messages-fcgi/log/locked_channels messages-fcgi/log/pending \
	messages-fcgi/log/tail_cache \
	messages-fcgi/redis/event_commands \
	messages-fcgi/server/fcgi_record \
	messages-fcgi/webhooks/webhook_body \
	relay/list \
	relay/channels/cache_wait relay/channels/channel relay/channels/room \
	relay/channels/sequence relay/channels/stash \
	relay/hub/connection_quota relay/hub/token_bucket \
	relay/net/log_throttle relay/net/outbuf relay/net/peak \
	relay/net/peer_address relay/net/send_window \
	relay/process/handover \
	relay/protocol/authorization relay/protocol/deflate \
	relay/protocol/deflate_offer relay/protocol/frame \
	relay/protocol/http_upgrade relay/protocol/pusher \
	relay/protocol/pusher_users relay/protocol/roster_hint \
	relay/protocol/siphash relay/protocol/ws relay/protocol/ws_messages \
	relay/protocol/ws_packed relay/protocol/ws_wslay

UNIT_messages-fcgi/redis/event_commands_LIBS = -lhiredis
UNIT_relay/protocol/deflate_LIBS = -lz
UNIT_relay/protocol/ws_wslay_LIBS = -lwslay

UNIT_bench/histogram = tests/bench/histogram

UNIT_TESTS = $(UNIT:%=$(BUILD)/unit/%)
UNIT_LIBS = -lcmocka -ljson-c -lcrypto

# of the archives the linker takes what the test uses
define unit_test
$(BUILD)/unit/$(1): $(BUILD)/obj/tests/unit/$(1).o \
		$(BUILD)/obj/tests/unit/child.o \
		$(UNIT_$(1):%=$(BUILD)/obj/%.o) $(ARCHIVES)
	@mkdir -p $$(@D)
	@echo "  LD $$@"
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(UNIT_LIBS) $$(UNIT_$(1)_LIBS)
endef

$(foreach test,$(UNIT),$(eval $(call unit_test,$(test))))
