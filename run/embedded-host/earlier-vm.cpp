// Runs a VM before the audited guest: it reads the assignment's leaves, does some hypercalls, and again.
// Prints "counted" if an answer grew by as many, else "unchanged"; nothing if there could be no VM. So a host
// is found out that counts only for who reads the leaves of our own, as our guest does. Where one table
// counts the exits of all VMs, the guest finds these hypercalls there. No firmware and no loader causes such
// exits.
#include "flat_vcpu.hpp"

#include <cpuid.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>

// 32-bit code for address 0. The numbers are those of Shared.
asm(R"(
    .pushsection .rodata
    .code32
guest_code:
    mov $0x804, %edi
    mov $2, %ebp
round:
    mov $0x4ffffffc, %esi
query:
    mov %esi, %eax
    mov 0x800, %ecx
    cpuid
    mov %eax, (%edi)
    mov %ebx, 4(%edi)
    mov %ecx, 8(%edi)
    mov %edx, 12(%edi)
    add $16, %edi
    inc %esi
    cmp $0x50000000, %esi
    jne query
    mov $50, %ecx
hypercall:
    mov $0xffff, %eax   # a number that KVM does not know
guest_vmcall:
    vmcall
    dec %ecx
    jnz hypercall
    dec %ebp
    jnz round
    hlt
guest_code_end:
    .code64
    .popsection
)");
extern "C" const std::uint8_t guest_code[], guest_vmcall[], guest_code_end[];

namespace {

constexpr std::uint64_t memory_size = 0x1000, shared_address = 0x800;
constexpr std::uint32_t hypercalls = 50; // in each of the two rounds
constexpr std::uint8_t vmmcall[] = {0x0f, 0x01, 0xd9};

// Leaves 0x4FFFFFFC to 0x4FFFFFFF, with EAX, EBX, ECX and EDX of each.
using Answers = std::uint32_t[4][4];

// What the guest's memory has at shared_address.
struct Shared {
    std::uint32_t exit; // of a hypercall, for the leaves that take an exit's number
    Answers before, after;
};

bool is_amd() {
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && (ecx & 1u << 2);
}

// Count or cycles, in whichever register and layout.
bool any_grew(const Shared& shared) {
    for (int leaf = 0; leaf < 4; ++leaf)
        for (int i = 0; i < 4; ++i) {
            const std::uint32_t growth = shared.after[leaf][i] - shared.before[leaf][i];
            if (growth >= hypercalls && growth < 1u << 31) return true;
        }
    return false;
}

}

int main() {
    const int kvm = open("/dev/kvm", O_RDWR);
    const int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    auto* const memory = static_cast<std::uint8_t*>(
        mmap(nullptr, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (vm < 0 || memory == MAP_FAILED) return 0;
    std::copy(guest_code, guest_code_end, memory);
    Shared shared{18, {}, {}}; // VMCALL
    if (is_amd()) {
        std::copy(std::begin(vmmcall), std::end(vmmcall), memory + (guest_vmcall - guest_code));
        shared.exit = 0x81;
    }
    std::memcpy(memory + shared_address, &shared, sizeof shared);
    kvm_userspace_memory_region region{0, 0, 0, memory_size, reinterpret_cast<std::uint64_t>(memory)};
    ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000);
    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
    const int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    if (vcpu < 0 || !set_up_flat_vcpu(vcpu) || ioctl(vcpu, KVM_RUN, 0) < 0) return 0;
    std::memcpy(&shared, memory + shared_address, sizeof shared);
    std::puts(any_grew(shared) ? "counted" : "unchanged");
}
