// The registers of a vCPU whose code is 32-bit, at address 0.
#pragma once

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cstdint>
#include <initializer_list>

// Flat segments without paging, which any KVM runs without emulating real mode. ECX is the code's to use.
// False, with errno, if KVM refuses.
inline bool set_up_flat_vcpu(int vcpu, std::uint64_t ecx = 0) {
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
    registers.rcx = ecx;
    registers.rflags = 2;
    return ioctl(vcpu, KVM_SET_SREGS, &system) == 0 && ioctl(vcpu, KVM_SET_REGS, &registers) == 0;
}
