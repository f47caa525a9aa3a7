# What boots as L1 on the emulated lanes.

EMBEDDED_HOST_PACKAGES := qemu-system-x86 busybox-static cpio lz4 zstd kmod binutils

# bochs: the only emulator of VT-x; bochs-term: its display that needs no screen;
# bochsbios, vgabios: the firmware that it runs.
BOCHS_PACKAGES := bochs bochs-term bochsbios vgabios

.PHONY: embedded-host packages-embedded-host packages-bochs
embedded-host: host build/earlier-vm build/stress | packages-embedded-host
	@run/embedded-host/build --host 'build/host/$(KERNEL)' --earlier-vm build/earlier-vm \
		--output 'build/embedded-host/$(KERNEL)'

# What runs in the embedded host beside QEMU.
build/earlier-vm build/stress: build/%: run/embedded-host/%.cpp run/embedded-host/flat_vcpu.hpp build/obj/toolchain | packages-program
	$(call announce,CXX)$(CXX) -std=c++20 -Os -s -static $(WARNINGS) -o $@ $<

packages-embedded-host:
	@run/install-packages 'to make the embedded host' $(EMBEDDED_HOST_PACKAGES)

packages-bochs:
	@run/install-packages 'to emulate VT-x' $(BOCHS_PACKAGES)
