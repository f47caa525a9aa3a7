# The hybrid image: GRUB and the guest, for BIOS and UEFI, as a CD or as a disk.

ISO_PACKAGES := grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools

iso: build/exitaudit.iso

build/exitaudit.iso: build/unikernel.elf run/iso/grub.cfg | packages-iso
	@rm -rf build/iso && mkdir -p build/iso/boot/grub
	@cp build/unikernel.elf build/iso/boot/
	@cp run/iso/grub.cfg build/iso/boot/grub/
	$(call announce,ISO)grub-mkrescue --locales= --themes= --fonts= \
		--install-modules='normal multiboot2 serial smbios regexp' --output=$@ build/iso 2>build/iso.log || { cat build/iso.log >&2; exit 1; }
