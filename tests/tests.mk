# All tests. Each runner prints a line for each test and its totals.

CHECK_PACKAGES := gcc libgtest-dev bats procps perl binutils shellcheck jq linux-perf
# The wrong hosts that the boot tests need.
check-built: MUTANTS := retpoline-shortcut drop-one-in-1000 host-wide racing-counters shared-query layout-f21 handler-only \
	clock-stopped-early halves-swapped exit-handler-start $(if $(SLOW),edition-70)

include tests/unikernel/tests.mk
include tests/exitaudit/tests.mk
include tests/accounting/accounting.mk

.PHONY: check check-style check-unit check-cli check-boot check-built packages-check

# One after the other, because the tests that boot want the machine for themselves.
check: | packages-guest packages-program packages-run packages-embedded-host packages-iso packages-bochs packages-check
	@$(MAKE) --no-print-directory -j'$(JOBS)' check-built
	@$(MAKE) --no-print-directory -j1 check-style check-unit check-accounting check-cli check-boot

check-built: build/exitaudit linux-guest guest iso embedded-host mutants build/tests/unikernel_tests build/tests/exitaudit_tests $(ACCOUNTING) $(STAND_INS)

packages-check:
	@run/install-packages 'to run the tests' $(CHECK_PACKAGES)

check-style: | packages-check
	@host-kvm-patch/check-style --kernel '$(KERNEL)'

check-unit: build/tests/unikernel_tests build/tests/exitaudit_tests
	build/tests/unikernel_tests --gtest_brief=1
	build/tests/exitaudit_tests --gtest_brief=1

check-cli:
	prove -v tests/exitaudit/cli.bats

# SLOW=1 takes the tests in that need minutes of Bochs.
check-boot:
	KERNEL='$(KERNEL)' prove -v --exec "bats $(if $(SLOW),,--filter-tags !slow)" tests/boot.bats tests/vmx.bats
