# The front door. `make help` lists what it opens.

LANE    ?= auto
KERNEL  ?= 6.1
VCPUS   ?= 1
PLAN    ?=
BOOT    ?= pvh
TIMEOUT ?= 120
ARGS    ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
CXX := $(if $(filter default,$(origin CXX)),g++,$(CXX))

WARNINGS := -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wcast-qual \
	-Wformat=2 -Wduplicated-cond -Wlogical-op -Wuseless-cast -Wsuggest-override -Wundef

include unikernel/unikernel.mk
include run/exitaudit/exitaudit.mk
include run/embedded-host/embedded-host.mk
include run/iso/iso.mk
include host-kvm-patch/host-kvm-patch.mk
include tests/tests.mk

# A host of our own is needed unless the machine's is asked for, or is patched.
OWN_KVM := $(filter Y,$(shell cat /sys/module/kvm/parameters/exit_ledger 2>/dev/null))
LANE_NEEDS := $(if $(or $(filter native tcg,$(LANE)),$(and $(filter auto,$(LANE)),$(OWN_KVM))),,embedded-host)

.PHONY: run
run: build/exitaudit guest $(LANE_NEEDS) $(if $(filter iso,$(BOOT)),iso) | packages-run \
		$(if $(filter vmx svm-bochs,$(LANE)),packages-bochs)
	@build/exitaudit run --lane '$(LANE)' $(if $(LANE_NEEDS),--kernel '$(KERNEL)') --vcpus '$(VCPUS)' --boot '$(BOOT)' \
		--timeout '$(TIMEOUT)' $(ARGS) $(PLAN)

.PHONY: clean
clean:
	rm -rf build

.PHONY: help
help:
	@echo 'Exit Audit: does this KVM host account for its VM exits correctly, and what does each cost?'
	@echo
	@echo '  make run      boot the audited guest and print the verdict'
	@echo '                LANE=auto|svm|vmx|svm-bochs|native|tcg  the host (default $(LANE))'
	@echo '                KERNEL=6.1                Linux of the embedded host'
	@echo '                VCPUS=N BOOT=pvh|kernel|iso TIMEOUT=SECONDS ARGS="--json F"'
	@echo "                PLAN='io.* hlt.timer:count=7'"
	@echo '  make check    all tests'
	@echo '  make iso      build/exitaudit.iso, a CD that boots the guest by GRUB'
	@echo '  make guest    build/unikernel.elf and build/unikernel-pvh.elf alone'
	@echo '  make clean    remove build/'
	@echo
	@echo 'run and check install the Debian packages they miss. CROSS_COMPILE= is honoured for the guest.'

# What is missing is installed, with a line that says why.
.PHONY: packages-guest packages-program packages-run packages-iso
packages-guest:
	@run/install-packages 'to compile the guest' g++ binutils
packages-program:
	@run/install-packages 'to compile exitaudit' $(EXITAUDIT_PACKAGES)
packages-run:
	@run/install-packages 'to boot the guest' qemu-system-x86
packages-iso:
	@run/install-packages 'to make the CD' $(ISO_PACKAGES)
