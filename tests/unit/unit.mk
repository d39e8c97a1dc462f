# SPDX-License-Identifier: MIT
#
# The unit tests: one program for each pure file, of the test itself and the
# objects that it needs. Explicit, as in the Makefile that includes this.
#
#     UNIT            the tests, each tests/unit/NAME.c
#     UNIT_NAME       what it links beside tests/unit/child and common/
#     UNIT_NAME_LIBS  libraries beside cmocka's and common's

UNIT = address app auth backoff buf channel_name conf crypto envelope event \
	json log metric notify ops origin settings socket_id span successor \
	text webhook
UNIT += batch channel_info cors entry escape etag form message multipart path range \
	records signature stuck tails trigger webhook_body
UNIT += admission allowance channel frame handover hint http_upgrade list offer outbuf \
	packer peak peer_address pusher pusher_users quota room siphash stash \
	throttle window ws ws_messages ws_packed ws_wslay
UNIT += histogram

UNIT_batch = messages-fcgi/log/batch messages-fcgi/log/entry
UNIT_channel_info = messages-fcgi/api/channel_info
UNIT_cors = messages-fcgi/http/cors
UNIT_entry = messages-fcgi/log/entry
UNIT_escape = messages-fcgi/api/escape
UNIT_etag = messages-fcgi/http/etag
UNIT_form = messages-fcgi/http/form
UNIT_message = messages-fcgi/api/message messages-fcgi/api/escape messages-fcgi/http/form \
	messages-fcgi/http/problem
UNIT_multipart = messages-fcgi/http/multipart messages-fcgi/http/form
UNIT_range = messages-fcgi/api/range messages-fcgi/http/form messages-fcgi/http/problem
UNIT_path = messages-fcgi/http/path_pattern
UNIT_records = messages-fcgi/server/fcgi_record
UNIT_signature = messages-fcgi/api/signature messages-fcgi/http/api_error messages-fcgi/http/form
UNIT_stuck = messages-fcgi/log/locked_channels
UNIT_webhook_body = messages-fcgi/webhooks/webhook_body
UNIT_tails = messages-fcgi/log/tail_cache messages-fcgi/log/row_json
UNIT_trigger = messages-fcgi/api/trigger messages-fcgi/api/channel_info \
	messages-fcgi/http/api_error

UNIT_admission = relay/protocol/authorization relay/protocol/pusher
UNIT_channel = relay/channels/channel relay/protocol/frame relay/protocol/siphash relay/channels/stash relay/protocol/ws
UNIT_frame = relay/protocol/frame relay/protocol/ws
UNIT_handover = relay/process/handover
UNIT_hint = relay/protocol/roster_hint
UNIT_http_upgrade = relay/protocol/http_upgrade relay/protocol/deflate_offer
UNIT_offer = relay/protocol/deflate_offer
UNIT_outbuf = relay/net/outbuf relay/protocol/frame relay/protocol/ws
UNIT_packer = relay/protocol/deflate relay/protocol/frame relay/protocol/ws
UNIT_packer_LIBS = -lz
UNIT_peer_address = relay/net/peer_address
UNIT_pusher = relay/protocol/pusher
UNIT_pusher_users = relay/protocol/pusher
UNIT_quota = relay/hub/connection_quota
UNIT_room = relay/channels/room relay/protocol/siphash
UNIT_siphash = relay/protocol/siphash
UNIT_stash = relay/channels/stash relay/protocol/frame relay/protocol/ws
UNIT_throttle = relay/net/log_throttle
UNIT_ws = relay/protocol/ws
UNIT_ws_messages = relay/protocol/ws
UNIT_ws_packed = relay/protocol/ws
UNIT_ws_wslay = relay/protocol/frame relay/protocol/ws
UNIT_ws_wslay_LIBS = -lwslay

UNIT_histogram = tests/bench/histogram

UNIT_TESTS = $(UNIT:%=$(BUILD)/unit/%)
UNIT_LIBS = -lcmocka -ljson-c -lcrypto

# common/ goes in whole: a few small objects, of which the linker keeps what
# is used
define unit_test
$(BUILD)/unit/$(1): $(BUILD)/obj/tests/unit/$(1).o \
		$(BUILD)/obj/tests/unit/child.o \
		$(UNIT_$(1):%=$(BUILD)/obj/%.o) $(COMMON_OBJ)
	@mkdir -p $$(@D)
	@echo "  LD $$@"
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(UNIT_LIBS) $$(UNIT_$(1)_LIBS)
endef

$(foreach test,$(UNIT),$(eval $(call unit_test,$(test))))
