# The patched KVM modules and the kernel that they fit; and hosts that are wrong on purpose.

# Which of mutants/ to build or run; none named: all.
MUTANTS ?=

.PHONY: host mutant-hosts
host:
	@host-kvm-patch/build --kernel '$(KERNEL)'

mutant-hosts: host
	@host-kvm-patch/build --kernel '$(KERNEL)' $(MUTANTS:%=--mutant %)
