# What boots as L1 on the emulated lanes.

EMBEDDED_HOST_PACKAGES := qemu-system-x86 busybox-static cpio lz4 zstd kmod binutils

# bochs: the only emulator of VT-x; bochs-term: its display that needs no screen;
# bochsbios, vgabios: the firmware that it runs.
BOCHS_PACKAGES := bochs bochs-term bochsbios vgabios

.PHONY: embedded-host packages-embedded-host packages-bochs
embedded-host: host | packages-embedded-host
	@run/embedded-host/build --host 'build/host/$(KERNEL)' --output 'build/embedded-host/$(KERNEL)'

packages-embedded-host:
	@run/install-packages 'to make the embedded host' $(EMBEDDED_HOST_PACKAGES)

packages-bochs:
	@run/install-packages 'to emulate VT-x' $(BOCHS_PACKAGES)
