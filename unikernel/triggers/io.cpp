// Port I/O, to a port that no device decodes: KVM leaves each access to user space.
#include "triggers/catalogue.hpp"

#include "machine/io.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using machine::Io;
using machine::Port;

[[maybe_unused]] constexpr Port port = Port::unused;

constexpr std::string_view vmx_source = "SDM vol. 3, 26.1.3; setup_vmcs_config() requires unconditional I/O exiting";
constexpr std::string_view svm_source = "APM vol. 2, 15.10.2; init_vmcb() sets the intercept, iopm is all ones";

constexpr Expectation vmx_once{EXIT_REASON_IO_INSTRUCTION, Bound::exact, 1, vmx_source};
constexpr Expectation svm_once{SVM_EXIT_IOIO, Bound::exact, 1, svm_source};

// x86_emulate_insn() leaves to user space after each element with RIP still at
// the instruction, and once more when it finds RCX at 0.
constexpr std::uint32_t string_bytes = 8;
constexpr std::string_view string_source = "x86_emulate_insn(): one exit a byte, one more to see RCX at 0";
[[maybe_unused]] constexpr std::uint8_t string_data[string_bytes] = {'e', 'x', 'i', 't', 'a', 'u', 'd', 'i'};

constexpr Trigger simple(std::string_view name, std::string_view what, void (*fire)())
{
    return {name, what, vmx_once, svm_once, default_count, nullptr, fire, nullptr};
}

constexpr Trigger catalogue[] = {
    simple("io.in8", "IN AL, unused port", GUEST_CODE([] { Io::in<std::uint8_t>(port); })),
    simple("io.out8", "OUT unused port, AL", GUEST_CODE([] { Io::out<std::uint8_t>(port, 0); })),
    simple("io.in32", "IN EAX, unused port", GUEST_CODE([] { Io::in<std::uint32_t>(port); })),
    simple("io.out32", "OUT unused port, EAX", GUEST_CODE([] { Io::out<std::uint32_t>(port, 0); })),
    {
        .name = "io.rep-outs8",
        .what = "REP OUTSB of 8 bytes to the unused port",
        .vmx = {EXIT_REASON_IO_INSTRUCTION, Bound::exact, string_bytes + 1, string_source},
        .svm = {SVM_EXIT_IOIO, Bound::exact, string_bytes + 1, string_source},
        .count = default_count / 10,
        .prepare = nullptr,
        .fire = GUEST_CODE([] { Io::out_string(port, string_data, string_bytes); }),
        .clean_up = nullptr,
    },
};

}

std::span<const Trigger> io_triggers()
{
    return catalogue;
}

}
