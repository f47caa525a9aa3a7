# The patched KVM modules and the kernel that they fit; and hosts that are wrong on purpose.

# Which of mutants/ the target `mutants` builds.
MUTANTS ?= $(patsubst host-kvm-patch/mutants/%.patch,%,$(wildcard host-kvm-patch/mutants/*.patch))

.PHONY: host mutants foreign-base packages-grade
host:
	@host-kvm-patch/build --kernel '$(KERNEL)'

mutants: host
	@host-kvm-patch/build --kernel '$(KERNEL)' $(MUTANTS:%=--mutant %)

# What exitaudit grade compiles patches upon.
foreign-base: host | packages-grade
	@host-kvm-patch/foreign-base --kernel '$(KERNEL)'

packages-grade:
	@run/install-packages "to compile others' patches in a sandbox" bubblewrap
