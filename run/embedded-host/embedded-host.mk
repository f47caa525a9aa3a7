# What boots as L1 on the emulated lanes.

EMBEDDED_HOST_PACKAGES := qemu-system-x86 busybox-static cpio lz4 kmod binutils

.PHONY: embedded-host packages-embedded-host
embedded-host: host | packages-embedded-host
	@run/embedded-host/build --host 'build/host/$(KERNEL)' --output 'build/embedded-host/$(KERNEL)'

packages-embedded-host:
	@run/install-packages 'to make the embedded host' $(EMBEDDED_HOST_PACKAGES)
