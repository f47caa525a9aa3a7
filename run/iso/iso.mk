# The bootable CD: GRUB and the guest. For BIOS machines, real or virtual.

ISO_PACKAGES := grub-common grub-pc-bin xorriso mtools

iso: build/exitaudit.iso

build/exitaudit.iso: build/unikernel.elf run/iso/grub.cfg | packages-iso
	@rm -rf build/iso && mkdir -p build/iso/boot/grub
	@cp build/unikernel.elf build/iso/boot/
	@cp run/iso/grub.cfg build/iso/boot/grub/
	$(call announce,ISO)grub-mkrescue --directory=/usr/lib/grub/i386-pc --locales= --themes= --fonts= \
		--install-modules='normal multiboot2 serial smbios' --output=$@ build/iso 2>build/iso.log || { cat build/iso.log >&2; exit 1; }
