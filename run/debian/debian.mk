# Debian packages: exitaudit, and the patched KVM as source for DKMS.

.PHONY: deb
deb: | packages-guest packages-program
	@run/timed 'building exitaudit and the guest' $(MAKE) --no-print-directory $(PARALLEL) $(INSTALLED_PROGRAMS) guest
	+@run/debian/build --version '$(EXITAUDIT_VERSION)' --output build/deb
