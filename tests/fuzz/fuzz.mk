# Fuzzing what reads strangers' files, by clang's libFuzzer. Needs run/exitaudit/exitaudit.mk included before.

FUZZ_PACKAGES := clang
FUZZ_TARGETS := patch archive source facts serial_log document points
FUZZ_SECONDS ?= 60
# The rooms that read; the others are linked as they are.
FUZZ_ROOMS := support log documents submission reading points
FUZZ_FLAGS := -std=c++20 -Irun -Itests -iquote . $(GUEST_CPPFLAGS) -g -O1 -fno-sanitize-recover=all -MMD -MP
FUZZ_OBJECTS := $(FUZZ_ROOMS:%=build/obj/fuzz/room/%.o)
FUZZ_LINKED := $(FUZZ_OBJECTS) $(filter-out $(FUZZ_ROOMS:%=$(EXITAUDIT_OBJ)/room/%.o),$(EXITAUDIT_TESTABLE))

.PHONY: fuzz check-fuzz packages-fuzz
fuzz: $(FUZZ_TARGETS:%=build/fuzz/%)

# Each target for FUZZ_SECONDS. What fails is left in build/fuzz.
check-fuzz: fuzz
	@$(foreach target,$(FUZZ_TARGETS),mkdir -p build/fuzz/corpus/$(target) && \
	  run/timed 'fuzzing $(target)' build/fuzz/$(target) -max_total_time=$(FUZZ_SECONDS) -max_len=65536 \
	  -rss_limit_mb=1024 -verbosity=0 -close_fd_mask=1 -artifact_prefix=build/fuzz/$(target)- \
	  build/fuzz/corpus/$(target) tests/fuzz/corpus/$(target) &&) true

# The list of a room's files is made with its object.
$(FUZZ_OBJECTS): build/obj/fuzz/room/%.o: $(EXITAUDIT_OBJ)/room/%.o | packages-fuzz
	@mkdir -p $(@D)
	$(call announce,CXX)clang++ $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $(<:.o=.cpp)

build/fuzz/%: tests/fuzz/%.cpp $(FUZZ_LINKED) | packages-fuzz
	@mkdir -p $(@D)
	$(call announce,LINK)clang++ $(FUZZ_FLAGS) -MF build/obj/fuzz/$*.d -fsanitize=fuzzer,address,undefined -o $@ $< \
	  $(FUZZ_LINKED) $(EXITAUDIT_LIBS)

packages-fuzz:
	@run/install-packages 'to fuzz' $(FUZZ_PACKAGES)

-include $(FUZZ_TARGETS:%=build/obj/fuzz/%.d)
