# The series' accounting of exits, compiled for user space and hammered by threads; and the
# same with the counters of a mutant, to show that the hammer breaks what can be broken.

ACCOUNTING_PATCHES = $(wildcard host-kvm-patch/linux-$(KERNEL)/*.patch)
ACCOUNTING_DIR := build/obj/tests/accounting
ACCOUNTING := build/tests/accounting-$(KERNEL) build/tests/accounting-$(KERNEL)-racing

# The files as the series leaves them, without the kernel's headers, and without debugfs.
$(ACCOUNTING): $(wildcard tests/accounting/*) host-kvm-patch/abi/kvm_exit_ledger.h \
		host-kvm-patch/mutants/racing-counters.patch $(ACCOUNTING_PATCHES) | packages-check
	@mkdir -p $(@D)
	@rm -rf $(ACCOUNTING_DIR)/$(@F)
	@git apply --directory=$(ACCOUNTING_DIR)/$(@F) --include='*/kvm/exit_ledger.[ch]' $(ACCOUNTING_PATCHES) \
		$(if $(filter %-racing,$@),host-kvm-patch/mutants/racing-counters.patch)
	@sed -n '/^+struct kvm_exit_ledger/,/^+}/s/^+//p' $(wildcard host-kvm-patch/linux-$(KERNEL)/000[38]-*.patch) >$(ACCOUNTING_DIR)/$(@F)/structs.h
	@sed -i '/slot \*slots;/a struct kvm_exit_ledger_histogram *histograms;' $(ACCOUNTING_DIR)/$(@F)/structs.h
	@$(if $(filter %-racing,$@),sed -i '/slot \*slots;/a struct kvm_exit_ledger_slot *own;' $(ACCOUNTING_DIR)/$(@F)/structs.h)
	@sed -i -e '/^#include </d' -e '/^static void kvm_exit_ledger_print/,$$d' $(ACCOUNTING_DIR)/$(@F)/arch/x86/kvm/exit_ledger.?
	$(call announce,CC)$(CC) -std=gnu11 -O2 -g -Wall -Wextra -Wno-sign-compare -Wno-unused-function -pthread -Itests/accounting -Ihost-kvm-patch/abi \
		-I$(ACCOUNTING_DIR)/$(@F) -I$(ACCOUNTING_DIR)/$(@F)/arch/x86/kvm -o $@ tests/accounting/hammer.c

.PHONY: check-accounting
check-accounting: $(ACCOUNTING)
	build/tests/accounting-$(KERNEL) 8 500000
	build/tests/accounting-$(KERNEL) 8 500000 histograms
	build/tests/accounting-$(KERNEL)-racing 8 500000; [ $$? -eq 1 ]
