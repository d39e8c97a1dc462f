# SPDX-License-Identifier: MIT
#
# The unit tests: one program for each pure file, of the test itself and the
# objects that it needs. Explicit, as in the Makefile that includes this.
#
#     UNIT            the tests, each tests/unit/NAME.c
#     UNIT_NAME       what it links beside tests/unit/child and common/
#     UNIT_NAME_LIBS  libraries beside cmocka's and common's

UNIT = address backoff buf channel_name conf crypto envelope event json log \
	settings span text

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
