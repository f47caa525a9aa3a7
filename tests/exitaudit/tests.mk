# Tests of the host program: logic (GoogleTest), command line (bats). Needs
# run/exitaudit/exitaudit.mk included before.

EXITAUDIT_TESTS := tests/exitaudit
EXITAUDIT_TEST_OBJECTS := $(patsubst %.cpp,build/obj/%.o,$(wildcard $(EXITAUDIT_TESTS)/*.cpp))
STAND_INS := $(patsubst %,build/tests/stand-in/%.elf,pass fail unpatched cut hang silent liar oneshot pass-pvh)
STAND_IN_FLAGS := -m32 -O1 -Wall -Wextra -Werror -ffreestanding -fno-pie -no-pie -fno-stack-protector -mgeneral-regs-only \
  -fcf-protection=none -nostdlib -static -Wl,--build-id=none,--no-warn-rwx-segments

build/tests/exitaudit_tests: $(EXITAUDIT_TEST_OBJECTS) $(EXITAUDIT_TESTABLE)
	@mkdir -p $(@D)
	$(call announce,LINK)$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(EXITAUDIT_LIBS) -lgtest -lgtest_main

# The behaviour is the file's name.
build/tests/stand-in/%.elf: $(addprefix $(EXITAUDIT_TESTS)/stand-in/,entry.S guest.c guest.ld) | packages-check
	@mkdir -p $(@D)
	$(call announce,CC)gcc $(STAND_IN_FLAGS) -DBEHAVIOUR=$(shell echo $(*:-pvh=) | tr a-z A-Z) $(if $(filter %-pvh,$*),-DPVH_ONLY) \
	  -Wl,-T,$(EXITAUDIT_TESTS)/stand-in/guest.ld $(filter %.S %.c,$^) -o $@

-include $(EXITAUDIT_TEST_OBJECTS:.o=.d)
