// What exit_ledger.c and exit_ledger.h need of the kernel, for a program of user space.
#pragma once

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "kvm_exit_ledger.h"

typedef uint32_t u32;
typedef int64_t s64;
typedef unsigned long long u64;

#define IS_ENABLED(option) 1
#define __init
#define __read_mostly
#define ____cacheline_aligned __attribute__((aligned(64)))

// As the kernel's: one access of the compiler's, and no promise beyond that.
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define cpu_relax() _mm_pause()
#define rdtsc() __rdtsc()

#define check_sub_overflow(a, b, difference) __builtin_sub_overflow(a, b, difference)
#define likely(x) (x)
#define unlikely(x) (x)
#define U64_MAX UINT64_MAX

// As on x86: one instruction, which an interrupt cannot split, but another CPU can.
typedef struct { u64 value; } local64_t;
#define local64_read(l) READ_ONCE((l)->value)
#define local64_set(l, to) WRITE_ONCE((l)->value, to)
#define local64_inc(l) local64_add(1, l)
static inline void local64_add(u64 n, local64_t *l)
{
	__asm__ volatile("addq %1, %0" : "+m"(l->value) : "r"(n));
}

#include "structs.h"

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define BIT(n) (1ul << (n))
#define ilog2(n) (63 - __builtin_clzll(n))
#define fallthrough __attribute__((fallthrough))
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((n) >> 32))
#define array_index_nospec(index, size) ((void)(size), (index))

#define DECLARE_STATIC_KEY_FALSE(key) extern bool key
#define DEFINE_STATIC_KEY_FALSE(key) bool key
#define static_branch_enable(key) (*(key) = true)
#define static_branch_likely(key) (*(key))
#define EXPORT_SYMBOL_GPL(symbol) extern __typeof__(symbol) symbol
#define EXPORT_SYMBOL_FOR_KVM_INTERNAL(symbol)
#define KERNEL_PARAM_OPS_FL_NOARG 1
#define module_param_cb(name, ops, variable, mode) extern int name##_is_a_parameter
#define __MODULE_PARM_TYPE(name, text) extern int name##_has_a_type
#define MODULE_PARM_DESC(name, text) extern int name##_is_described

struct kernel_param {
	bool *variable;
};

struct kernel_param_ops {
	int flags;
	int (*set)(const char *value, const struct kernel_param *kp);
	int (*get)(char *buffer, const struct kernel_param *kp);
};

#define sysfs_streq(a, b) (!strcmp(a, b))
#define sysfs_emit sprintf
static inline int param_set_bool(const char *value, const struct kernel_param *kp)
{
	*kp->variable = *value == 'Y';
	return 0;
}

static inline int param_get_bool(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", *kp->variable ? 'Y' : 'N');
}

#define GFP_KERNEL_ACCOUNT 0
#define ENOMEM 12
#define kvfree free

static inline void *kvcalloc(size_t count, size_t size, int flags)
{
	(void)flags;
	size *= count;
	void *memory = aligned_alloc(64, size);
	return memory ? memset(memory, 0, size) : NULL;
}

#define MAX_VCPUS 64

struct dentry;
struct kvm;

struct kvm_vcpu {
	struct kvm *kvm;
	struct {
		struct kvm_exit_ledger exit_ledger;
	} arch;
};

struct kvm {
	unsigned long vcpus_created;
	struct kvm_vcpu vcpus[MAX_VCPUS];
};

#define kvm_for_each_vcpu(i, vcpu, vm) \
	for ((i) = 0; (i) < (vm)->vcpus_created && ((vcpu) = &(vm)->vcpus[i]); (i)++)
#define kvm_get_vcpu(vm, i) ((i) < (vm)->vcpus_created ? &(vm)->vcpus[i] : NULL)

struct exit_ops {
	u32 numbering;
	bool (*handled)(u32 nr);
};

static struct {
	const struct exit_ops *exit_ops;
} kvm_x86_ops;
