# SPDX-License-Identifier: MIT
#
# The load generator of tests/bench/. Of relay it has the loop, with what that
# counts by, and uses nothing that it would have to judge.

LOAD = crowd dial histogram load log_writer process publisher
LOAD_RELAY = loop pusher stats
LOAD_OBJ = $(LOAD:%=$(BUILD)/obj/tests/bench/%.o) \
	$(LOAD_RELAY:%=$(BUILD)/obj/relay/%.o)

load: $(BUILD)/load
$(BUILD)/load: $(LOAD_OBJ) $(COMMON_OBJ)
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PG_LIBS) $(COMMON_LIBS)

bench: ## hold relay against its peers: BENCH_ROUNDS, BENCH_ONLY
	@deploy/dev/install run
	@$(MAKE) --no-print-directory all page load
	@exec node tests/bench/run.mjs
profile: ## see where relay's time goes: BENCH_ONLY names the scenario
	@deploy/dev/install run
	@$(MAKE) --no-print-directory all page load
	@exec node tests/bench/profile.mjs

.PHONY: load bench profile
