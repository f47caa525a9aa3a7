# What it costs a guest to read the ledger of a VM with many vCPUs (docs/performance.md).

build/tests/read-cost: tests/read-cost/read_cost.c host-kvm-patch/abi/kvm_exit_ledger.h | packages-check
	@mkdir -p $(@D)
	$(call announce,CC)$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -static -Ihost-kvm-patch/abi -o $@ $<

.PHONY: read-cost
read-cost: build/tests/read-cost embedded-host
	host-kvm-patch/in-host --exact --kernel '$(KERNEL)' $(ARGS) $< 1 8 64 255 1023
