# The patched KVM modules and the kernel that they fit; and hosts that are wrong on purpose.

# Which of mutants/ the target `mutants` builds.
MUTANTS ?= $(patsubst host-kvm-patch/mutants/%.patch,%,$(wildcard host-kvm-patch/mutants/*.patch))

.PHONY: host mutants
host:
	@host-kvm-patch/build --kernel '$(KERNEL)'

mutants: host
	@host-kvm-patch/build --kernel '$(KERNEL)' $(MUTANTS:%=--mutant %)
