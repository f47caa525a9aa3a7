# The autograder for Gradescope: run/gradescope/build.

# What grades there. No compiler: submissions are compiled by a copy of the one here, in an emulated machine.
GRADESCOPE_PACKAGES := qemu-system-x86 seabios $(BOCHS_PACKAGES) e2fsprogs util-linux zstd

.PHONY: gradescope packages-gradescope print-gradescope-packages
gradescope: | check-kernel packages-guest packages-program packages-run packages-embedded-host packages-bochs packages-grade \
		packages-gradescope
	@run/timed 'building exitaudit, the guest and its host' \
		$(MAKE) --no-print-directory $(PARALLEL) build/exitaudit guest embedded-host foreign-base
	@run/gradescope/build --kernel '$(KERNEL)' --output build/gradescope.zip $(ARGS)

packages-gradescope:
	@run/install-packages 'to pack the autograder' zip zstd

print-gradescope-packages:
	@echo $(GRADESCOPE_PACKAGES)
