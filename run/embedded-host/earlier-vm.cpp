// Runs a VM that does nothing but hypercalls, and ends: where one table counts the exits of all VMs, the
// audited guest finds them there. No firmware and no loader causes such exits. Says nothing, and always
// succeeds: without it the guest merely learns less about its host.
#include <cpuid.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace {

constexpr std::uint64_t memory_size = 0x1000;

// 32-bit code: ECX hypercalls of a number that KVM does not know, then HLT.
constexpr std::uint8_t code[] = {
    0xb8, 0xff, 0xff, 0, 0, // mov $0xffff, %eax
    0x0f, 0x01, 0xc1,       // vmcall; its last byte becomes VMMCALL's on AMD
    0x49,                   // dec %ecx
    0x75, 0xf5,             // jnz to the start
    0xf4,                   // hlt
};
constexpr std::size_t vmcall_byte = 7;
constexpr std::uint8_t vmmcall = 0xd9;
constexpr std::uint64_t hypercalls = 100;

bool is_amd() {
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && (ecx & 1u << 2);
}

// Flat segments without paging, which any KVM runs without emulating real mode.
bool set_up_registers(int vcpu) {
    kvm_sregs system{};
    if (ioctl(vcpu, KVM_GET_SREGS, &system) < 0) return false;
    kvm_segment segment{};
    segment.limit = 0xffffffff;
    segment.present = segment.s = segment.db = segment.g = 1;
    segment.type = 3; // data, read and write, accessed
    segment.selector = 0x10;
    for (auto* each : {&system.ds, &system.es, &system.fs, &system.gs, &system.ss}) *each = segment;
    segment.type = 11; // code, execute and read, accessed
    segment.selector = 8;
    system.cs = segment;
    system.cr0 |= 1;
    kvm_regs registers{};
    registers.rcx = hypercalls;
    registers.rflags = 2;
    return ioctl(vcpu, KVM_SET_SREGS, &system) == 0 && ioctl(vcpu, KVM_SET_REGS, &registers) == 0;
}

}

int main() {
    const int kvm = open("/dev/kvm", O_RDWR);
    const int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    auto* const memory = static_cast<std::uint8_t*>(
        mmap(nullptr, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (vm < 0 || memory == MAP_FAILED) return 0;
    std::copy(std::begin(code), std::end(code), memory);
    if (is_amd()) memory[vmcall_byte] = vmmcall;
    kvm_userspace_memory_region region{0, 0, 0, memory_size, reinterpret_cast<std::uint64_t>(memory)};
    ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000);
    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
    const int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    if (vcpu >= 0 && set_up_registers(vcpu)) ioctl(vcpu, KVM_RUN, 0);
}
