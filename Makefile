# The front door. `make help` lists what it opens.

LANE    ?= auto
# The release's own kernel, if none is chosen.
CHOSEN_KERNEL := $(KERNEL)
KERNEL  := $(or $(KERNEL),$(shell host-kvm-patch/packages/kernels --default 2>/dev/null))
VCPUS   ?= 1
PLAN    ?=
BOOT    ?= pvh
# A kernel source tree to build the host from, instead of KERNEL.
TREE    ?=
TIMEOUT ?=
ARGS    ?=
JOBS    ?= $(shell nproc)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# Under `make -jN` its N goes on to submakes by itself.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j'$(JOBS)')
CXX := $(if $(filter default,$(origin CXX)),g++,$(CXX))

# `make V=1` shows whole commands.
V ?= 0
announce = $(if $(filter 0,$(V)),@printf '  %-4s %s\n' '$(1)' '$@';)

# What was compiled with another compiler or other flags is compiled anew.
TOOLCHAIN = $(CROSS_COMPILE) $(CXX) $(shell $(CXX) --version 2>&1 | head -n 1) $(HOST_CXXFLAGS) $(LDFLAGS)
build/obj/toolchain: always | packages-guest
	@mkdir -p $(@D)
	@echo $(call quoted,$(TOOLCHAIN)) | cmp -s - $@ || echo $(call quoted,$(TOOLCHAIN)) >$@
.PHONY: always

WARNINGS := -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wcast-qual \
	-Wformat=2 -Wduplicated-cond -Wlogical-op -Wuseless-cast -Wsuggest-override -Wundef

# One set of flags for whatever runs on the machine at hand: exitaudit, the guest's portable code in it, and the
# tests. -Og takes a quarter less time to compile than -O1; nothing here computes for long. The heap size (in KiB)
# keeps GCC from collecting garbage, which is a tenth of the time.
HOST_CXXFLAGS = -std=c++20 -Irun $(GUEST_CPPFLAGS) $(WARNINGS) \
	--param ggc-min-heapsize=600000 $(or $(CXXFLAGS),-Og)

include unikernel/unikernel.mk
include run/exitaudit/exitaudit.mk
include run/embedded-host/embedded-host.mk
include run/linux-guest/linux-guest.mk
include run/iso/iso.mk
include run/gradescope/gradescope.mk
include run/debian/debian.mk
include host-kvm-patch/host-kvm-patch.mk
include tests/tests.mk

# A host of our own is needed unless the machine's is asked for, or is patched.
OWN_KVM := $(filter Y,$(shell cat /sys/module/kvm/parameters/exit_ledger 2>/dev/null))
LANE_NEEDS := $(if $(TREE),tree-host,$(if $(or $(filter native tcg,$(LANE)),$(and $(filter auto,$(LANE)),$(OWN_KVM))),,embedded-host))

# PLAN and the rest reach exitaudit as they are, whatever a shell would make of them.
quoted = '$(subst ','\'',$(1))'
HOST_OPTIONS = $(if $(TREE),--tree $(call quoted,$(TREE)),$(if $(LANE_NEEDS),--kernel $(call quoted,$(KERNEL))))
RUN_OPTIONS = --lane $(call quoted,$(LANE)) $(HOST_OPTIONS) --vcpus $(call quoted,$(VCPUS)) \
	--boot $(call quoted,$(BOOT)) $(if $(TIMEOUT),--timeout $(call quoted,$(TIMEOUT))) $(ARGS) $(if $(PLAN),$(call quoted,$(PLAN)))

# Packages one after the other; exitaudit, to refuse a mistyped word before minutes
# of building; then the rest side by side; then the run alone.
.PHONY: run
run: | $(if $(TREE),,$(LANE_NEEDS:%=check-kernel)) packages-guest packages-program packages-run $(LANE_NEEDS:%=packages-%) $(if $(filter iso,$(BOOT)),packages-iso) \
		$(if $(filter vmx svm-bochs,$(LANE)),packages-bochs)
	@run/timed 'building exitaudit' $(MAKE) --no-print-directory $(PARALLEL) build/exitaudit
	@build/exitaudit run --dry-run $(RUN_OPTIONS)
	@run/timed 'building the guest$(LANE_NEEDS:%= and its host)' \
		$(MAKE) --no-print-directory $(PARALLEL) guest $(LANE_NEEDS) $(if $(filter iso,$(BOOT)),iso)
	@build/exitaudit run $(RUN_OPTIONS)

# The same with a Linux guest of ours, and its page; a --json of the caller's is the caller's to report.
.PHONY: boot
BOOT_PAGE = build/boot/$(LANE)
BOOT_OPTIONS = --lane $(call quoted,$(LANE)) $(if $(TREE),--tree $(call quoted,$(TREE))) $(if $(LANE_NEEDS),--kernel $(call quoted,$(KERNEL))) --vcpus $(call quoted,$(VCPUS)) $(ARGS)
boot: | $(LANE_NEEDS:%=check-kernel) packages-program packages-run packages-embedded-host $(if $(TREE),packages-tree-host) $(if $(filter vmx svm-bochs,$(LANE)),packages-bochs)
	@run/timed 'building exitaudit, the guest and its host' \
		$(MAKE) --no-print-directory $(PARALLEL) build/exitaudit linux-guest embedded-host $(if $(TREE),tree-host)
	@mkdir -p build/boot
	@rm -f '$(BOOT_PAGE).json' '$(BOOT_PAGE).html'
	@build/exitaudit boot $(BOOT_OPTIONS) $(if $(findstring --json,$(ARGS)),,--json '$(BOOT_PAGE).json'); status=$$?; \
		[ ! -e '$(BOOT_PAGE).json' ] || { build/exitaudit report '$(BOOT_PAGE).json' -o '$(BOOT_PAGE).html' && \
		echo 'Charts: $(BOOT_PAGE).html'; } || exit; exit $$status

# Boots that differ in one thing, side by side, and their page; each alone: build/boot/NAME.txt.
VARIANT ?= npt
VARIANTS_npt := npt no-npt
VARIANTS_vcpus := 1-vcpu 2-vcpus 4-vcpus
VARIANTS_devices := virtio emulated
VARIANTS_machine := microvm pc
ARGS_no-npt := --no-npt
ARGS_virtio := --machine pc
ARGS_emulated := --machine pc --devices emulated
ARGS_pc := --machine pc
VCPUS_2-vcpus := 2
VCPUS_4-vcpus := 4
VARIANTS = $(or $(VARIANTS_$(VARIANT)),$(error VARIANT is npt, vcpus, devices or machine))
.PHONY: boot-variants
boot-variants:
	@mkdir -p build/boot
	@$(foreach name,$(VARIANTS),$(MAKE) --no-print-directory boot VCPUS='$(or $(VCPUS_$(name)),$(VCPUS))' \
		ARGS='$(ARGS) $(ARGS_$(name)) --json build/boot/$(name).json' >build/boot/$(name).txt &&) \
		build/exitaudit compare $(VARIANTS:%=build/boot/%.json) && \
		build/exitaudit report $(VARIANTS:%=build/boot/%.json) -o 'build/boot/$(VARIANT).html' && echo 'Charts: build/boot/$(VARIANT).html'

# Rows for somebody's patches: PATCHES='a.patch b/'; see build/exitaudit grade --help.
.PHONY: grade
grade: | check-kernel packages-guest packages-program packages-run packages-embedded-host packages-bochs packages-grade
	@run/timed 'building exitaudit, the guest and its host' \
		$(MAKE) --no-print-directory $(PARALLEL) build/exitaudit guest embedded-host
	@build/exitaudit grade $(CHOSEN_KERNEL:%=--kernel '%') $(ARGS) $(PATCHES)

# The program finds the images beside itself, and what it builds hosts from in share/; it builds in the user's cache.
# The documents keep their places beside README.md, run/ and host-kvm-patch/, for their links.
PREFIX ?= /usr/local
INSTALLED = $(DESTDIR)$(PREFIX)
.PHONY: install
INSTALLED_PROGRAMS := build/exitaudit build/earlier-vm build/stress build/exit-sampler
install: $(INSTALLED_PROGRAMS) guest
	@install -d '$(INSTALLED)'/bin '$(INSTALLED)'/share/man/man1 '$(INSTALLED)'/share/zsh/site-functions \
		'$(INSTALLED)'/share/fish/vendor_completions.d '$(INSTALLED)'/share/bash-completion/completions
	@install -D -s -t '$(INSTALLED)/lib/exitaudit' $(INSTALLED_PROGRAMS)
	@install -m 644 -t '$(INSTALLED)/lib/exitaudit' build/unikernel.elf build/unikernel-pvh.elf
	@install -D -m 644 -t '$(INSTALLED)/share/doc/exitaudit' README.md LICENSE
	@install -D -m 644 -t '$(INSTALLED)/share/doc/exitaudit/docs' docs/*.md docs/*.png
	@install -d '$(INSTALLED)/share/exitaudit/run'
	@cp -r host-kvm-patch '$(INSTALLED)/share/exitaudit/'
	@cp -r run/embedded-host run/linux-guest run/step.sh run/install-packages run/initramfs.sh '$(INSTALLED)/share/exitaudit/run/'
	@install -d '$(INSTALLED)/share/doc/exitaudit/examples'
	@cp -r run/libvirt run/vmm run/ci '$(INSTALLED)/share/doc/exitaudit/examples/'
	@sed -i 's|"build/|"$(PREFIX)/lib/exitaudit/|' '$(INSTALLED)/share/doc/exitaudit/examples/vmm/firecracker.json'
	@install -d '$(INSTALLED)/share/doc/exitaudit/run'
	@ln -sft '$(INSTALLED)/share/doc/exitaudit/run' ../examples/ci ../examples/libvirt ../examples/vmm \
		../../../exitaudit/run/embedded-host ../../../exitaudit/run/linux-guest
	@ln -sft '$(INSTALLED)/share/doc/exitaudit' ../../exitaudit/host-kvm-patch
	@ln -sf ../lib/exitaudit/exitaudit '$(INSTALLED)/bin/exitaudit'
	@build/exitaudit man >'$(INSTALLED)/share/man/man1/exitaudit.1'
	@build/exitaudit completion bash >'$(INSTALLED)/share/bash-completion/completions/exitaudit'
	@build/exitaudit completion zsh >'$(INSTALLED)/share/zsh/site-functions/_exitaudit'
	@build/exitaudit completion fish >'$(INSTALLED)/share/fish/vendor_completions.d/exitaudit.fish'

.PHONY: clean
clean:
	rm -rf build

.PHONY: help
help:
	@echo 'Exit Audit: does this KVM host account for its VM exits correctly, and what does each cost?'
	@echo
	@echo '  make run      boot the audited guest and print the verdict'
	@echo '                LANE=auto|svm|vmx|svm-bochs|svm-icount|native|tcg  the host (default $(LANE))'
	@echo '                KERNEL=VERSION            Linux of the embedded host: $(or $(shell host-kvm-patch/packages/kernels 2>/dev/null),none here)'
	@echo '                TREE=DIR                  a kernel source tree to build it from instead'
	@echo '                VCPUS=M BOOT=pvh|kernel|iso TIMEOUT=SECONDS ARGS="--json F"'
	@echo "                PLAN='io.* hlt.timer:count=7'; ARGS=--costs: what each firing costs, on any host"
	@echo '  make grade    PATCHES="a.patch b/": a row for each of somebody'"'"'s KVM patches'
	@echo '  make boot     boot Linux and tell of all its exits, by phase and over time; LANE KERNEL VCPUS ARGS as above'
	@echo '  make boot-variants  VARIANT=npt|vcpus|devices|machine: such boots side by side'
	@echo '  make check    the tests; SLOW=1 with those that need minutes'
	@echo '  make mutants  run every host that is wrong on purpose: is it caught, and named?'
	@echo '                KERNEL=VERSION MUTANTS="NAME|GLOB..." ARGS="--lane svm --resume"'
	@echo '  make sanitize KERNEL=VERSION or TREE=DIR: the ledger under the kernel'"'"'s own sanitizers; 25 minutes of CPU time'
	@echo '  make bench    what instruments cost each exit: the ledger, ftrace, perf; BENCH_LANES="svm-icount vmx"'
	@echo '  make atlas    docs/costs-atlas.md: what each exit costs on each kernel; ATLAS="6.1 6.12" TREE=DIR'
	@echo '  make check-report  the page of `exitaudit report` in a headless browser'
	@echo '  make check-fuzz    what reads strangers'"'"' files, a minute each; FUZZ_SECONDS=N'
	@echo '  make check-host    install, reboot and remove the patched KVM in a full Debian in QEMU; an hour'
	@echo '  make check-xen     measure costs on Debian'"'"'s Xen in QEMU'
	@echo '  make gradescope    build/gradescope.zip, an autograder for Gradescope; ARGS="--assignment 3 --rubric F"'
	@echo '  make iso      build/exitaudit.iso, a CD and disk that boots the guest by GRUB, on BIOS and UEFI'
	@echo '  make docs     docs/catalogue.md, from the guest'"'"'s own table of triggers'
	@echo '  make guest    build/unikernel.elf and build/unikernel-pvh.elf alone'
	@echo '  make install  the program, the guest, man page and completions; DESTDIR= PREFIX=$(PREFIX)'
	@echo '  make deb      Debian packages of the same, and of the patched KVM for DKMS'
	@echo '  make host-install  put the patched KVM into this machine; build/exitaudit host remove undoes it'
	@echo '  make packages install the Debian packages that any of these needs'
	@echo '  make clean    remove build/'
	@echo
	@echo 'V=1 shows the commands. run and check install the Debian packages they miss. CROSS_COMPILE= is honoured for the guest.'

# Everything that any command here installs.
.PHONY: packages
packages: packages-guest packages-program packages-run packages-iso packages-host packages-embedded-host packages-bochs \
	packages-tree-host packages-grade packages-gradescope packages-check packages-host-test

# What is missing is installed, with a line that says why.
.PHONY: packages-guest packages-program packages-run packages-iso
packages-guest:
	@run/install-packages 'to compile the guest' g++ binutils
	@command -v $(GUEST_CXX) >/dev/null || { echo 'no $(GUEST_CXX): CROSS_COMPILE=$(CROSS_COMPILE) names no compiler' >&2; exit 3; }
packages-program:
	@run/install-packages 'to compile exitaudit' $(EXITAUDIT_PACKAGES)
packages-run:
	@run/install-packages 'to boot the guest' qemu-system-x86
packages-iso:
	@run/install-packages 'to make the bootable image' $(ISO_PACKAGES)
