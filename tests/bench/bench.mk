# What instruments cost each exit, what the guest costs to boot, and where a run's time goes (docs/performance.md).

BENCH_LANES ?= svm-icount vmx

build/tests/bpf-exits: tests/bench/bpf_exits.c | packages-check
	@mkdir -p $(@D)
	$(call announce,CC)$(CC) -std=gnu11 -O2 -s -Wall -Wextra -Werror -static -o $@ $<

.PHONY: bench atlas
bench: build/tests/bpf-exits | packages-guest packages-program packages-run packages-embedded-host packages-bochs
	@run/install-packages 'to measure instruments' jq linux-perf
	@$(MAKE) --no-print-directory $(PARALLEL) build/exitaudit guest embedded-host
	@tests/bench/bench --kernel '$(KERNEL)' --json build/bench-$(KERNEL).json $(BENCH_LANES)
	@$(foreach lane,svm vmx,tests/bench/phases --lane $(lane) --kernel '$(KERNEL)' &&) true

# docs/costs-atlas.md, of what is in docs/atlas. Measures the hosts of ATLAS anew before; ATLAS= measures nothing.
ATLAS ?= 6.1 6.12 $(TREE)
MEASURED = $(strip $(ATLAS))
atlas: | $(if $(MEASURED),packages-guest packages-program packages-run packages-embedded-host packages-bochs)
	@run/install-packages 'to make the atlas' jq
	@$(if $(MEASURED),$(MAKE) --no-print-directory $(PARALLEL) build/exitaudit guest)
	@$(foreach kernel,$(filter-out $(TREE),$(ATLAS)),$(MAKE) --no-print-directory $(PARALLEL) embedded-host KERNEL=$(kernel) TREE= &&) true
	@$(if $(MEASURED),tests/bench/atlas measure build/atlas docs/atlas $(MEASURED))
	@mkdir -p build
	@tests/bench/atlas page docs/atlas/*.json >build/costs-atlas.md
	@mv build/costs-atlas.md docs/costs-atlas.md
