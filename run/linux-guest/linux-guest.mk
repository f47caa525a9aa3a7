# The Linux guest of `exitaudit boot`, and what samples the ledger while it boots.

.PHONY: linux-guest
linux-guest: host build/exit-sampler build/linux-guest/exitaudit | packages-embedded-host
	@run/linux-guest/build --host 'build/host/$(KERNEL)' --output 'build/linux-guest/$(KERNEL)/initramfs.cpio'

# Static, because it runs in the embedded host; -O2, because its time is taken from the guest that it watches.
build/exit-sampler: run/exit-sampler/main.cpp run/exit-sampler/ledger_file.hpp build/obj/toolchain | packages-program
	@mkdir -p $(@D)
	$(call announce,CXX)$(CXX) $(HOST_CXXFLAGS) -O2 $(LDFLAGS) -static -s -o $@ $<

# Without the symbols, which are most of it: what `exitaudit boot --read` gives the guest.
build/linux-guest/exitaudit: build/exitaudit
	@mkdir -p $(@D)
	$(call announce,COPY)strip -o $@ $<
