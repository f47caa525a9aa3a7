// Port I/O. To a port that no device decodes, or one of user space's devices, KVM leaves
// each access to user space; interrupt controller and timer are its own.
#include "triggers/catalogue.hpp"

#include "machine/io.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using machine::Io;
using machine::Port;

constexpr Port port = Port::unused;

constexpr std::string_view vmx_source =
    "SDM vol. 3, 26.1.3; setup_vmcs_config() requires unconditional I/O exiting";
constexpr std::string_view svm_source =
    "APM vol. 2, 15.10.2; init_vmcb() sets the intercept, iopm is all ones";

constexpr Expectation vmx_once{EXIT_REASON_IO_INSTRUCTION, Bound::exact, 1, vmx_source};
constexpr Expectation svm_once{SVM_EXIT_IOIO, Bound::exact, 1, svm_source};

// OUTS: x86_emulate_insn() leaves to user space after each element with RIP still at
// the instruction, and once more when it finds RCX at 0. INS: pio_in_emulated() reads
// all that fits into its page and its buffer at once.
constexpr std::uint32_t string_length = 8;
constexpr std::string_view out_string_source =
    "x86_emulate_insn(): one exit an element, one more to see RCX at 0";
constexpr std::string_view in_string_source =
    "pio_in_emulated(): one exit for all elements, one more to see RCX at 0";
constexpr std::uint8_t bytes[string_length]{};
constexpr std::uint16_t words[string_length]{};
// Within one page. All vCPUs read the same there.
[[gnu::aligned(16)]] constinit std::uint8_t string_room[string_length]{};

constexpr Trigger simple(std::string_view name, std::string_view what, void (*fire)())
{
    return {name, what, vmx_once, svm_once, default_count, nullptr, fire, nullptr};
}

constexpr Trigger string(std::string_view name, std::string_view what, std::uint32_t exits,
                         std::string_view source, void (*fire)())
{
    return {name,
            what,
            {EXIT_REASON_IO_INSTRUCTION, Bound::exact, exits, source},
            {SVM_EXIT_IOIO, Bound::exact, exits, source},
            default_count / 10,
            nullptr,
            fire,
            nullptr};
}

constexpr Trigger catalogue[] = {
    simple("io.in8", "IN AL, unused port", [] { Io::in<std::uint8_t>(port); }),
    simple("io.out8", "OUT unused port, AL", [] { Io::out<std::uint8_t>(port, 0); }),
    simple("io.in16", "IN AX, unused port", [] { Io::in<std::uint16_t>(port); }),
    simple("io.out16", "OUT unused port, AX", [] { Io::out<std::uint16_t>(port, 0); }),
    simple("io.in32", "IN EAX, unused port", [] { Io::in<std::uint32_t>(port); }),
    simple("io.out32", "OUT unused port, EAX", [] { Io::out<std::uint32_t>(port, 0); }),
    string("io.rep-ins8", "REP INSB of 8 bytes from the unused port", 2, in_string_source,
           [] { Io::in_string(port, string_room, string_length); }),
    string("io.rep-outs8", "REP OUTSB of 8 bytes to the unused port", string_length + 1, out_string_source,
           [] { Io::out_string(port, bytes, string_length); }),
    string("io.rep-outs16", "REP OUTSW of 8 words to the unused port", string_length + 1, out_string_source,
           [] { Io::out_string(port, words, string_length); }),
    simple("io.pic-read-mask", "IN AL, 0x21: the interrupt controller's mask",
           [] { Io::in<std::uint8_t>(Port::pic_primary_mask); }),
    simple("io.pic-write-mask", "OUT 0x21, AL: the mask that is set already",
           [] { Io::out<std::uint8_t>(Port::pic_primary_mask, 0xff); }),
    simple("io.pic-read-elcr", "IN AL, 0x4d0: edge or level",
           [] { Io::in<std::uint8_t>(Port::pic_edge_level); }),
    simple("io.pit-latch", "OUT 0x43, AL: latches counter 0 of the timer",
           [] { Io::out<std::uint8_t>(Port::pit_command, 0); }),
    simple("io.serial-status", "IN AL, 0x3fd: user space's device",
           [] { Io::in<std::uint8_t>(Port::serial_1_status); }),
};

}

std::span<const Trigger> io_triggers() { return catalogue; }

}
