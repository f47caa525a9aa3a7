# The patched KVM modules and the kernel that they fit; and hosts that are wrong on purpose.

# Which of mutants/ to build or run; none named: all.
MUTANTS ?=

.PHONY: check-kernel host selftest check-series mutant-hosts other-sources foreign-base tree-host packages-host packages-tree-host packages-grade

# Before anything is installed or compiled.
check-kernel:
	@host-kvm-patch/packages/kernels --check '$(or $(KERNEL),any)'

host:
	@host-kvm-patch/build --kernel '$(KERNEL)'

mutant-hosts: host
	@host-kvm-patch/build --kernel '$(KERNEL)' $(MUTANTS:%=--mutant %)

# The series' own test, which KVM's maintainers would run, on embedded hosts.
selftest: embedded-host
	@host-kvm-patch/selftest --kernel '$(KERNEL)'

# Minutes: what checks the series beyond its style.
check-series:
	@host-kvm-patch/check-style --kernel '$(KERNEL)' --static --compile

# What whole files of other kernels are compared with. A newer kernel is there only with backports.
other-sources:
	@for kernel in $(filter-out $(KERNEL),$(shell host-kvm-patch/packages/kernels 2>/dev/null)); do \
		apt-cache show "linux-source-$$kernel" >/dev/null 2>&1 || continue; \
		host-kvm-patch/packages/obtain --kernel $$kernel --output build/host/$$kernel/.work/packages \
			--series host-kvm-patch/linux-$$kernel || exit; done

# What exitaudit grade compiles patches upon.
foreign-base: host other-sources | packages-grade
	@host-kvm-patch/foreign-base --kernel '$(KERNEL)'

# Into the running host, if it is fit for that.
.PHONY: host-install
host-install: build/exitaudit guest | packages-run
	@$(if $(filter 0,$(shell id -u)),,sudo) build/exitaudit host install

# The compiler is the one that this kernel's headers call for.
packages-host: | check-kernel
	@run/install-packages 'to build the KVM modules' make patch xz-utils kmod \
		$$(host-kvm-patch/packages/obtain --kernel '$(KERNEL)' --output 'build/host/$(KERNEL)/.work/packages' --tools)

# What a host of a kernel source tree takes from here; exitaudit calls host-kvm-patch/trees for the rest.
tree-host: build/earlier-vm build/stress

TREE_HOST_PACKAGES := gcc make patch bc flex bison libelf-dev rsync
packages-tree-host: | packages-embedded-host
	@run/install-packages 'to build a kernel tree' $(TREE_HOST_PACKAGES)

# libpython3-dev: coccinelle's scripts in Python load libpython by the name that only this package has.
packages-grade:
	@run/install-packages "to compile and read others' patches in a sandbox" bubblewrap coccinelle libpython3-dev \
		e2fsprogs cpio
