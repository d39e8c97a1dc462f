# SPDX-License-Identifier: MIT
#
# The load generators of tests/bench/, and the peers that are written in C. They
# share the event loop and the lists with relay, and nothing else that they measure.

LOAD = bill crowd dial histogram http_client load log_writer poster process \
	publisher
LOAD_RELAY = net/loop protocol/pusher stats
LOAD_OBJ = $(LOAD:%=$(BUILD)/obj/tests/bench/%.o) \
	$(LOAD_RELAY:%=$(BUILD)/obj/relay/%.o)

HTTP_LOAD = bill dial histogram http_client http_load process
HTTP_LOAD_OBJ = $(HTTP_LOAD:%=$(BUILD)/obj/tests/bench/%.o) \
	$(LOAD_RELAY:%=$(BUILD)/obj/relay/%.o)

load: $(BUILD)/load $(BUILD)/http-load $(BUILD)/bench-fcgi
$(BUILD)/load: $(LOAD_OBJ) $(COMMON_OBJ)
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PG_LIBS) $(COMMON_LIBS)
$(BUILD)/http-load: $(HTTP_LOAD_OBJ) $(COMMON_OBJ)
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(COMMON_LIBS)
$(BUILD)/bench-fcgi: $(BUILD)/obj/tests/bench/peers/fcgi.o $(COMMON_OBJ)
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(MESSAGES_LIBS) $(COMMON_LIBS)

bench: ## compare both programs with peers: BENCH_ROUNDS, BENCH_ONLY
	@deploy/dev/install run
	@$(MAKE) --no-print-directory all load
	@exec node tests/bench/run.mjs
profile: ## show where relay spends its time: BENCH_ONLY names the scenario
	@deploy/dev/install run
	@$(MAKE) --no-print-directory all load
	@exec node tests/bench/profile.mjs

.PHONY: load bench profile
