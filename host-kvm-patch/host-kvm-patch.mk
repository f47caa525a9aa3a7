# The patched KVM modules and the kernel that they fit; and hosts that are wrong on purpose.

.PHONY: host mutants
host:
	@host-kvm-patch/build --kernel '$(KERNEL)'

mutants: host
	@host-kvm-patch/build --kernel '$(KERNEL)' $(patsubst host-kvm-patch/mutants/%.patch,--mutant %,$(wildcard host-kvm-patch/mutants/*.patch))
