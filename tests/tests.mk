# All tests. Each runner prints a line for each test and its totals.

CHECK_PACKAGES := clang-format gcc git libgtest-dev bats parallel procps perl binutils shellcheck jq libxml2-utils zip unzip bzip2 linux-perf groff-base zsh fish \
	ovmf libvirt-daemon-driver-qemu libvirt-clients yamllint python3-yaml $(if $(SLOW),mmdebstrap)
# Debian 13 has it in its backports alone.
LAVA_PACKAGE = $(shell apt-cache show lava-common >/dev/null 2>&1 && echo lava-common)
# The wrong hosts that the boot tests need.
check-built: MUTANTS := retpoline-shortcut drop-one-in-1000 host-wide racing-counters shared-query layout-f21 handler-only \
	clock-stopped-early halves-swapped exit-handler-start \
	tests/costs/slower-io.patch tests/witness/exits-before-6.4.patch answers-exchanged undefined-digit query-counted-twice registers-left+clock-stopped-early $(if $(SLOW),edition-70)

# Unit tests are compiled quickly rather than well. One set of flags, because a precompiled header bears no other.
TEST_CXXFLAGS = $(HOST_CXXFLAGS) -I$(UNIKERNEL_TESTS) $(if $(CXXFLAGS),,-O0)
PRECOMPILED := build/obj/tests/precompiled.hpp

$(PRECOMPILED).gch: tests/precompiled.hpp build/obj/toolchain | packages-program packages-check
	@mkdir -p $(@D)
	$(call announce,CXX)$(CXX) $(TEST_CXXFLAGS) -x c++-header -c -o $@ $<

build/obj/tests/%.o: tests/%.cpp $(PRECOMPILED).gch build/obj/toolchain
	@mkdir -p $(@D)
	$(call announce,CXX)$(CXX) $(TEST_CXXFLAGS) -include $(PRECOMPILED) -MMD -MP -c -o $@ $<

include tests/unikernel/tests.mk
include tests/exitaudit/tests.mk
include tests/accounting/accounting.mk
include tests/read-cost/read_cost.mk
include tests/bench/bench.mk
include tests/fuzz/fuzz.mk

# Driving a browser: WebDriver by curl and jq. A font, because a minimal system has none.
REPORT_PACKAGES := chromium chromium-driver curl jq bats fonts-dejavu-core

.PHONY: check-report packages-report
check-report: build/exitaudit | packages-report
	prove -v tests/report.bats

packages-report:
	@run/install-packages 'to look at the page of a report' $(REPORT_PACKAGES)

# A Slurm of this machine alone, for run/slurm.
SLURM_PACKAGES := slurmctld slurmd slurm-client munge parallel bats jq

.PHONY: check-slurm packages-slurm
check-slurm: build/exitaudit | packages-slurm
	@SLOW=1 tests/run-bats tests/slurm.bats

packages-slurm:
	@run/install-packages 'to grade by Slurm' $(SLURM_PACKAGES)

# The packages, and the patched KVM in a full Debian. An hour; needs root.
HOST_TEST_PACKAGES := debootstrap e2fsprogs cpio lintian qemu-system-x86 bats parallel

.PHONY: check-host packages-host-test
check-host: deb | packages-host-test
	@SLOW=1 tests/run-bats tests/deb.bats
	@tests/host-vm

packages-host-test:
	@run/install-packages 'to test the packages and the host' $(HOST_TEST_PACKAGES)

# What exits cost on Xen.
XEN_TEST_PACKAGES := busybox-static binutils cpio kmod xz-utils libc-bin qemu-system-x86

.PHONY: check-xen packages-xen-test
check-xen: build/exitaudit guest | packages-xen-test
	@tests/xen

packages-xen-test:
	@run/install-packages 'to measure costs on Xen' $(XEN_TEST_PACKAGES)

.PHONY: check check-style check-unit check-packages check-cli check-boot check-built packages-check mutants

# What takes seconds comes first; then everything is built side by side, and run.
check: | check-kernel packages-guest packages-program packages-run packages-embedded-host packages-iso packages-bochs packages-tree-host packages-check packages-grade
	@$(MAKE) --no-print-directory -j1 check-style
	@run/timed 'building the unit tests' \
		$(MAKE) --no-print-directory $(PARALLEL) build/tests/unikernel_tests build/tests/exitaudit_tests
	@$(MAKE) --no-print-directory -j1 check-unit check-packages
	@run/timed 'building everything else' $(MAKE) --no-print-directory $(PARALLEL) check-built
	@$(MAKE) --no-print-directory -j1 check-accounting check-boot

check-built: build/exitaudit guest linux-guest iso embedded-host mutant-hosts foreign-base $(ACCOUNTING) $(STAND_INS)

packages-check:
	@run/install-packages 'to run the tests' $(CHECK_PACKAGES) $(LAVA_PACKAGE)

check-style: | packages-check
	@host-kvm-patch/check-style --kernel '$(KERNEL)'
	find unikernel run tests -name '*.[ch]pp' -exec clang-format --dry-run -Werror {} +
	shellcheck tests/run-bats tests/bench/bench tests/bench/atlas tests/bench/phases tests/grade/as-whole-files tests/host-vm tests/host/agent run/debian/build
	shellcheck -x -P SCRIPTDIR tests/mutants tests/sanitize tests/xen run/step.sh run/timed run/install-packages run/initramfs.sh \
		run/embedded-host/build run/embedded-host/prepare run/linux-guest/build run/slurm/grade.sbatch run/gradescope/build run/gradescope/setup.sh \
		run/gradescope/run_autograder run/ci/audit

check-unit: build/tests/unikernel_tests build/tests/exitaudit_tests
	build/tests/unikernel_tests --gtest_brief=1
	build/tests/exitaudit_tests --gtest_brief=1

check-packages:
	@tests/run-bats tests/packages.bats tests/mutants.bats tests/atlas.bats tests/phases.bats

check-cli:
	@KERNEL='$(KERNEL)' tests/run-bats tests/exitaudit/cli.bats tests/install.bats tests/host.bats

# The command line, too. SLOW=1 takes the tests in that need minutes, a browser, or Slurm.
check-boot: $(if $(SLOW),check-report check-fuzz check-slurm check-xen check-host)
	@KERNEL='$(KERNEL)' SLOW='$(SLOW)' tests/run-bats tests/vmx.bats tests/grade.bats tests/gradescope.bats tests/hostile.bats tests/trees.bats \
		tests/boot.bats tests/ways.bats tests/ci.bats tests/exitaudit/cli.bats tests/install.bats tests/host.bats

# The kernel's own sanitizers: is the ledger clean, and do they find planted bugs?
.PHONY: sanitize check-tree
SANITIZED = $(or $(TREE),build/sanitize/linux-$(KERNEL))
sanitize: | check-tree $(if $(TREE),,check-kernel) packages-guest packages-program packages-run packages-embedded-host packages-tree-host packages-bochs
	@run/install-packages 'to read results' jq
	@$(MAKE) --no-print-directory $(PARALLEL) build/exitaudit guest tree-host $(if $(TREE),,$(SANITIZED))
	@tests/sanitize $(ARGS) $(call quoted,$(SANITIZED))

# An unset variable in TREE= must not stand for Debian's source.
check-tree:
	@$(if $(TREE)$(filter file,$(origin TREE)),:,echo 'TREE is empty: leave it out, or name a kernel source tree' >&2; exit 2)

# The distribution's whole source.
build/sanitize/linux-%:
	@mkdir -p $(@D)
	cd build/sanitize && apt-get download linux-source-$*
	@mkdir -p $@.new
	dpkg-deb --fsys-tarfile build/sanitize/linux-source-$*_*.deb | tar -xO ./usr/src/linux-source-$*.tar.xz | \
		tar -C $@.new --strip-components=1 -xJ
	rm build/sanitize/linux-source-$*_*.deb
	mv $@.new $@

# Each host that is wrong on purpose: is it caught, and called by its name?
mutants: | check-kernel packages-guest packages-program packages-run packages-embedded-host packages-bochs
	@run/install-packages 'to read results' jq
	@$(MAKE) --no-print-directory $(PARALLEL) build/exitaudit guest embedded-host
	@tests/mutants --kernel '$(KERNEL)' $(ARGS) $(patsubst %,'%',$(MUTANTS))
