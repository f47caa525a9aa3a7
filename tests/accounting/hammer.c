// The series' accounting of exits, hammered by threads: each is a vCPU that exits as fast
// as it can, while one more reads the sums. A lost update, which an emulated host hardly
// ever shows, shows here at once.
#include "kernel.h"

#include "exit_ledger.c"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

// Each vCPU takes exits of all these kinds; the last is none that a manual defines.
static const u32 kinds[] = {0, 1, 10, 12, 30, 32, 48, 85, 200};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct kvm vm;
static u64 exits; // of each vCPU and kind
static atomic_bool over;

static bool always(u32 nr)
{
	(void)nr;
	return true;
}

static void *run_vcpu(void *argument)
{
	struct kvm_vcpu *vcpu = argument;

	for (u64 i = 0; i < exits; i++) {
		for (size_t kind = 0; kind < KINDS; kind++) {
			kvm_exit_ledger_exit(vcpu, KVM_EXIT_LEDGER_NUMBERING_VMX, kinds[kind]);
			if (kind % 2)
				kvm_exit_ledger_done(vcpu);
			kvm_exit_ledger_entry(vcpu);
		}
	}
	return NULL;
}

struct answer {
	u32 eax, ebx, ecx, edx;
};

static struct answer query(u32 leaf, u32 nr)
{
	struct answer r = {leaf, 0, nr, 0};

	kvm_exit_ledger_cpuid(&vm.vcpus[0], &r.eax, &r.ebx, &r.ecx, &r.edx);
	return r;
}

static u64 join(u32 high, u32 low)
{
	return (u64)high << 32 | low;
}

// Sums that move must not shrink, nor tell of more time inside KVM than in all.
static void *watch(void *argument)
{
	unsigned long *wrong = argument;
	u64 total = 0, cycles = 0;

	while (!over) {
		const struct answer inside = query(KVM_EXIT_LEDGER_LEAF_INSIDE, 10);
		const struct answer now = query(KVM_EXIT_LEDGER_LEAF_EXIT_CYCLES, 10);
		const u32 total_now = query(KVM_EXIT_LEDGER_LEAF_TOTAL, 0).eax;

		*wrong += join(now.ebx, now.ecx) < cycles;
		*wrong += join(now.ebx, now.ecx) < join(inside.edx, inside.ecx);
		*wrong += total_now < total;
		cycles = join(now.ebx, now.ecx);
		total = total_now;
	}
	return NULL;
}

static bool report(const char *what, u64 expected, u64 seen)
{
	if (seen == expected)
		return true;
	printf("accounting: %s: expected %llu, seen %llu\n", what, expected, seen);
	return false;
}

// The exits of one kind that are in any bucket.
static u64 buckets(u32 nr)
{
	u64 sum = 0;

	for (u32 i = 0; i <= KVM_EXIT_LEDGER_BUCKETS; i++) {
		const struct answer r = query(KVM_EXIT_LEDGER_LEAF_HISTOGRAM, i << KVM_EXIT_LEDGER_BUCKET_SHIFT | nr);

		sum += join(r.ebx, r.eax);
	}
	return sum;
}

int main(int argc, char **argv)
{
	static const struct exit_ops ops = {KVM_EXIT_LEDGER_NUMBERING_VMX, always};
	static const struct kernel_param variable = {&exit_ledger};
	const unsigned long vcpus = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	pthread_t threads[MAX_VCPUS], watcher;
	unsigned long wrong = 0;
	char parameter[16];
	bool right = true;

	exits = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	if (vcpus < 1 || vcpus > MAX_VCPUS || !exits) {
		fprintf(stderr, "usage: %s VCPUS EXITS [histograms]\n", argv[0]);
		return 2;
	}

	// With histograms every exit takes the longest way there is.
	if (argc == 4 && exit_ledger_ops.set(argv[3], &variable))
		return 3;
	exit_ledger_ops.get(parameter, &variable);
	kvm_x86_ops.exit_ops = &ops;
	kvm_exit_ledger_init();
	for (; vm.vcpus_created < vcpus; vm.vcpus_created++) {
		vm.vcpus[vm.vcpus_created].kvm = &vm;
		if (kvm_exit_ledger_create(&vm.vcpus[vm.vcpus_created]))
			return 3;
	}

	pthread_create(&watcher, NULL, watch, &wrong);
	for (unsigned long i = 0; i < vcpus; i++)
		pthread_create(&threads[i], NULL, run_vcpu, &vm.vcpus[i]);
	for (unsigned long i = 0; i < vcpus; i++)
		pthread_join(threads[i], NULL);
	over = true;
	pthread_join(watcher, NULL);

	for (size_t kind = 0; kind + 1 < KINDS; kind++)
		right &= report("exits of one kind", vcpus * exits, query(KVM_EXIT_LEDGER_LEAF_EXIT_COUNT, kinds[kind]).eax);
	if (exit_ledger_histograms)
		right &= report("exits in buckets", vcpus * exits, buckets(kinds[0])) &&
			 !strcmp(parameter, "histograms\n");
	right &= report("all exits", vcpus * exits * KINDS, query(KVM_EXIT_LEDGER_LEAF_TOTAL, 0).eax);
	right &= report("sums that shrank, or held too much", 0, wrong);
	if (right)
		printf("accounting: %lu vCPUs x %llu exits, none lost\n", vcpus, exits * KINDS);

	for (unsigned long i = 0; i < vcpus; i++)
		kvm_exit_ledger_destroy(&vm.vcpus[i]);
	return right ? 0 : 1;
}
