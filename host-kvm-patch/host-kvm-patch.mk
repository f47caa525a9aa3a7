# The patched KVM modules and the kernel that they fit.

.PHONY: host
host:
	@host-kvm-patch/build --kernel '$(KERNEL)'
