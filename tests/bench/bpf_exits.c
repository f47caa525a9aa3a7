// Counts or times VM exits by eBPF programs at KVM's tracepoints, as these of bpftrace do:
//   tracepoint:kvm:kvm_exit { @[args->exit_reason] = count(); }
//   tracepoint:kvm:kvm_exit { @start[tid] = nsecs; @reason[tid] = args->exit_reason; }
//   tracepoint:kvm:kvm_entry /@start[tid]/ {
//       @ns[@reason[tid]] = sum(nsecs - @start[tid]); delete(@start[tid]); }
// bpftrace itself, with LLVM, is too large for the embedded host.
// Usage: bpf_exits count|time; works until it is killed.
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENTS "/sys/kernel/tracing/events/kvm/"

static void require(int held, const char *what)
{
	if (held)
		return;
	perror(what);
	exit(1);
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

// Keys and values are of 8 bytes, as bpftrace's.
static int make_map(unsigned int type)
{
	union bpf_attr attr = { .map_type = type, .key_size = 8, .value_size = 8, .max_entries = 4096 };
	int map = bpf(BPF_MAP_CREATE, &attr);

	require(map >= 0, "BPF_MAP_CREATE");
	return map;
}

// The number after `before` in a file of an event.
static int number_in(const char *event, const char *file, const char *before)
{
	char path[100], text[4096];
	const char *found;
	size_t size;
	FILE *stream;

	snprintf(path, sizeof(path), EVENTS "%s/%s", event, file);
	stream = fopen(path, "r");
	require(stream != NULL, path);
	size = fread(text, 1, sizeof(text) - 1, stream);
	text[size] = 0;
	fclose(stream);
	found = strstr(text, before);
	require(found != NULL, before);
	return atoi(found + strlen(before));
}

static void attach(const char *event, const struct bpf_insn *code, size_t size)
{
	static char log[65536];
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_TRACEPOINT,
				.insns = (uint64_t)(uintptr_t)code,
				.insn_cnt = (uint32_t)(size / sizeof(*code)),
				.license = (uint64_t)(uintptr_t)"GPL",
				.log_buf = (uint64_t)(uintptr_t)log,
				.log_size = sizeof(log),
				.log_level = 1 };
	struct perf_event_attr perf = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(perf), .sample_period = 1 };
	int program = bpf(BPF_PROG_LOAD, &attr);

	if (program < 0)
		fputs(log, stderr);
	require(program >= 0, "BPF_PROG_LOAD");
	perf.config = (uint64_t)number_in(event, "id", "");
	for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
		int fd = (int)syscall(SYS_perf_event_open, &perf, -1, cpu, -1, 0);

		require(fd >= 0, "perf_event_open");
		require(ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) == 0, "PERF_EVENT_IOC_SET_BPF");
		require(ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0, "PERF_EVENT_IOC_ENABLE");
	}
}

// Instructions, by their names in the kernel's documentation of eBPF.
#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (short)(o), .imm = (i) }
#define MOV(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, s) INSN(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define ADD_IMM(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define SUB(d, s) INSN(BPF_ALU64 | BPF_SUB | BPF_X, d, s, 0, 0)
#define LOAD32(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)
#define LOAD(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(d, o, s) INSN(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define IF_ZERO(d, skip) INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, skip, 0)
#define GOTO(skip) INSN(BPF_JMP | BPF_JA, 0, 0, skip, 0)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##f)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LOW32(d) INSN(BPF_ALU | BPF_MOV | BPF_X, d, d, 0, 0)
// Two slots each: the map's address; then its key, and its value, on the stack.
#define MAP(m) INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, m), INSN(0, 0, 0, 0, 0)
#define AT(d, o) MOV(d, 10), ADD_IMM(d, o)
#define LOOKUP(m, key) MAP(m), AT(2, key), CALL(map_lookup_elem)
#define UPDATE(m, key, value) MAP(m), AT(2, key), AT(3, value), MOV_IMM(4, 0), CALL(map_update_elem)
// *(value) = what the map has for the key, or 0, and r7 added.
#define SUM(m, key, value) \
	LOOKUP(m, key), MOV(1, 0), IF_ZERO(1, 1), LOAD(1, 0, 0), ADD(1, 7), STORE(10, value, 1), \
		UPDATE(m, key, value)

#define SUM_SIZE 18
#define DELETE(m, key) MAP(m), AT(2, key), CALL(map_delete_elem)

static void count_exits(void)
{
	int counts = make_map(BPF_MAP_TYPE_PERCPU_HASH);
	int reason = number_in("kvm_exit", "format", "exit_reason;\toffset:");
	const struct bpf_insn on_exit[] = { LOAD32(1, 1, reason), STORE(10, -8, 1), MOV_IMM(7, 1),
		SUM(counts, -8, -16), MOV_IMM(0, 0), EXIT };

	attach("kvm_exit", on_exit, sizeof(on_exit));
}

static void time_exits(void)
{
	int starts = make_map(BPF_MAP_TYPE_HASH), reasons = make_map(BPF_MAP_TYPE_HASH);
	int sums = make_map(BPF_MAP_TYPE_PERCPU_HASH);
	int reason = number_in("kvm_exit", "format", "exit_reason;\toffset:");
	const struct bpf_insn on_exit[] = {
		MOV(6, 1), CALL(get_current_pid_tgid), LOW32(0), STORE(10, -8, 0),
		CALL(ktime_get_ns), STORE(10, -16, 0), UPDATE(starts, -8, -16),
		LOAD32(1, 6, reason), STORE(10, -16, 1), UPDATE(reasons, -8, -16),
		MOV_IMM(0, 0), EXIT,
	};
	// A thread's first entry has no start.
	const struct bpf_insn on_entry[] = {
		CALL(get_current_pid_tgid), LOW32(0), STORE(10, -8, 0),
		LOOKUP(starts, -8), IF_ZERO(0, 10 + SUM_SIZE + 7), LOAD(8, 0, 0), CALL(ktime_get_ns), MOV(7, 0), SUB(7, 8),
		LOOKUP(reasons, -8), IF_ZERO(0, 2 + SUM_SIZE + 5), LOAD(1, 0, 0), STORE(10, -16, 1),
		SUM(sums, -16, -24), DELETE(starts, -8),
		MOV_IMM(0, 0), EXIT,
	};

	attach("kvm_exit", on_exit, sizeof(on_exit));
	attach("kvm_entry", on_entry, sizeof(on_entry));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "count"))
		count_exits();
	else if (argc == 2 && !strcmp(argv[1], "time"))
		time_exits();
	else
		return 2;
	if (fork())
		_exit(0); // the programs are at work
	pause();
}
