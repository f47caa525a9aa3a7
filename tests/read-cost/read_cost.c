// What it costs a guest to read the ledger of a VM with many vCPUs, beside another exit that visits each vCPU: an
// NMI to all of them. The guest measures with its own clock. For an embedded host: host-kvm-patch/in-host.
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "kvm_exit_ledger.h"

enum { repetitions = 101, memory_size = 0x10000, code_at = 0x1000, results_at = 0x8000, icr = 0x300 };

// Real mode. EBX is repetitions, ESI the leaf or the ICR's value, EDI the exit number, BP where results go; FS begins
// at the APIC.
extern const char measure_cpuid[], measure_ipi[], measure_end[];
__asm__(".pushsection .rodata; .code16\n"
	"measure_cpuid:\n"
	"1: push %ebx\n"
	"rdtsc; mov %eax, (%bp)\n"
	"mov %esi, %eax; mov %edi, %ecx; cpuid\n"
	"rdtsc; sub (%bp), %eax; mov %eax, (%bp); add $4, %bp\n"
	"pop %ebx; dec %ebx; jnz 1b\n"
	"out %al, $0x80\n"
	"measure_ipi:\n"
	"1: rdtsc; mov %eax, (%bp)\n"
	"mov %esi, %fs:0x300\n"
	"rdtsc; sub (%bp), %eax; mov %eax, (%bp); add $4, %bp\n"
	"dec %ebx; jnz 1b\n"
	"out %al, $0x80\n"
	"measure_end: .code64; .popsection");

static int call(int fd, unsigned long request, void *argument, const char *what)
{
	const int result = ioctl(fd, request, argument);

	if (result < 0)
		err(3, "%s", what);
	return result;
}

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

// Runs one of the two loops; returns the median.
static uint32_t measure(int vcpu, struct kvm_run *run, char *memory, const char *code, uint32_t esi, uint32_t edi)
{
	uint32_t *results = (uint32_t *)(memory + results_at);
	struct kvm_regs regs = {.rip = code_at + (uint64_t)(code - measure_cpuid), .rflags = 2, .rbx = repetitions,
				.rsi = esi, .rdi = edi, .rbp = results_at, .rsp = code_at};

	call(vcpu, KVM_SET_REGS, &regs, "KVM_SET_REGS");
	call(vcpu, KVM_RUN, NULL, "KVM_RUN");
	if (run->exit_reason != KVM_EXIT_IO)
		errx(3, "the guest ended with exit reason %u", run->exit_reason);
	qsort(results, repetitions, sizeof(*results), by_value);
	return results[repetitions / 2];
}

static void measure_vm(int kvm, unsigned int vcpus)
{
	const int vm = call(kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	char *memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {.memory_size = memory_size, .userspace_addr = (uint64_t)memory};
	struct kvm_sregs sregs;
	struct kvm_run *run;
	int vcpu;

	call(vm, KVM_SET_TSS_ADDR, (void *)0xfffbd000, "KVM_SET_TSS_ADDR");
	call(vm, KVM_CREATE_IRQCHIP, NULL, "KVM_CREATE_IRQCHIP");
	call(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
	memcpy(memory + code_at, measure_cpuid, (size_t)(measure_end - measure_cpuid));
	vcpu = call(vm, KVM_CREATE_VCPU, NULL, "KVM_CREATE_VCPU");
	for (unsigned long i = 1; i < vcpus; i++)
		call(vm, KVM_CREATE_VCPU, (void *)i, "KVM_CREATE_VCPU");
	run = mmap(NULL, (size_t)call(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE"),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	call(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	sregs.fs.base = 0xfee00000;
	sregs.fs.limit = 0xffffffff;
	call(vcpu, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");

#define CPUID(leaf, nr) measure(vcpu, run, memory, measure_cpuid, leaf, nr)
	printf("%5u %9u %9u %9u %9u %9u %9u\n", vcpus, CPUID(KVM_EXIT_LEDGER_LEAF_REVISION, 0),
	       CPUID(KVM_EXIT_LEDGER_LEAF_TOTAL, 0), CPUID(KVM_EXIT_LEDGER_LEAF_CYCLES, 0),
	       CPUID(KVM_EXIT_LEDGER_LEAF_EXIT_COUNT, 0x72),
	       // No sum either, unless the KVM has exit_ledger=histograms.
	       CPUID(KVM_EXIT_LEDGER_LEAF_HISTOGRAM, 16u << KVM_EXIT_LEDGER_BUCKET_SHIFT | 0x72),
	       // An NMI to all but the sender.
	       measure(vcpu, run, memory, measure_ipi, 0xc4400, 0));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const int kvm = open("/dev/kvm", O_RDWR);
	const struct rlimit files = {4096, 4096}; // a vCPU each

	setrlimit(RLIMIT_NOFILE, &files);
	if (kvm < 0)
		err(3, "/dev/kvm");
	printf("%5s %9s %9s %9s %9s %9s %9s\n", "vCPUs", "no sum", "count", "cycles", "one exit", "bucket", "NMI");
	for (int i = 1; i < argc; i++)
		measure_vm(kvm, (unsigned int)strtoul(argv[i], NULL, 10));
	return 0;
}
