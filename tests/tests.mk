# All tests. Each runner prints a line for each test and its totals.

CHECK_PACKAGES := gcc libgtest-dev bats procps perl binutils

include tests/unikernel/tests.mk
include tests/exitaudit/tests.mk

.PHONY: check check-style check-unit check-cli check-boot packages-check
check: check-style check-unit check-cli check-boot

packages-check:
	@run/install-packages 'to run the tests' $(CHECK_PACKAGES)

check-style: | packages-check
	@host-kvm-patch/check-style --kernel '$(KERNEL)'

check-unit: build/tests/unikernel_tests build/tests/exitaudit_tests
	build/tests/unikernel_tests --gtest_brief=1
	build/tests/exitaudit_tests --gtest_brief=1

check-cli: build/exitaudit guest embedded-host $(STAND_INS) | packages-check packages-run
	prove -v tests/exitaudit/cli.bats

check-boot: build/exitaudit guest iso embedded-host $(STAND_INS) | packages-check packages-run packages-bochs
	@host-kvm-patch/build --kernel '$(KERNEL)' --mutant retpoline-shortcut
	KERNEL='$(KERNEL)' prove -v tests/boot.bats tests/vmx.bats
