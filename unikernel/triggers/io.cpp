// Port I/O. KVM itself emulates the interrupt controller and the timer. It leaves accesses to other ports to
// user space, also where no device decodes them.
#include "triggers/catalogue.hpp"

#include "machine/io.hpp"

#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr Port port = Port::unused;

constexpr std::string_view vmx_source =
    SDM_CONDITIONAL "; setup_vmcs_config() requires unconditional I/O exiting";
constexpr std::string_view svm_source =
    "APM vol. 2, IN and OUT Behavior; init_vmcb() sets the intercept, iopm is all ones";

constexpr Expectation vmx_once{EXIT_REASON_IO_INSTRUCTION, Bound::exact, 1, vmx_source};
constexpr Expectation svm_once{SVM_EXIT_IOIO, Bound::exact, 1, svm_source};

// OUTS: x86_emulate_insn() returns to user space after each element with RIP still at the instruction, and
// exits once more to find that RCX is 0. INS: pio_in_emulated() reads at once what fits into the page and its
// buffer.
constexpr std::uint32_t string_length = 8;
constexpr std::string_view out_string_source =
    "x86_emulate_insn(): one exit for each element, one more to find RCX 0";
constexpr std::string_view in_string_source =
    "pio_in_emulated(): one exit for all elements, one more to find RCX 0";
constexpr std::uint8_t bytes[string_length]{};
constexpr std::uint16_t words[string_length]{};
// Within one page. All vCPUs read the same values into it.
[[gnu::aligned(16)]] constinit std::uint8_t string_room[string_length]{};

constexpr Trigger catalogue[] = {
    {"io.in8", "IN AL, unused port", vmx_once, svm_once, [] { Io::in<std::uint8_t>(port); }},
    {"io.out8", "OUT unused port, AL", vmx_once, svm_once, [] { Io::out<std::uint8_t>(port, 0); }},
    {"io.in16", "IN AX, unused port", vmx_once, svm_once, [] { Io::in<std::uint16_t>(port); }},
    {"io.out16", "OUT unused port, AX", vmx_once, svm_once, [] { Io::out<std::uint16_t>(port, 0); }},
    {"io.in32", "IN EAX, unused port", vmx_once, svm_once, [] { Io::in<std::uint32_t>(port); }},
    {"io.out32", "OUT unused port, EAX", vmx_once, svm_once, [] { Io::out<std::uint32_t>(port, 0); }},
    {
        .name = "io.rep-ins8",
        .what = "REP INSB of 8 bytes from the unused port",
        .vmx = {EXIT_REASON_IO_INSTRUCTION, Bound::exact, 2, in_string_source},
        .svm = {SVM_EXIT_IOIO, Bound::exact, 2, in_string_source},
        .fire = [] { Io::in_string(port, string_room, string_length); },
        .count = default_count / 10,
    },
    {
        .name = "io.rep-outs8",
        .what = "REP OUTSB of 8 bytes to the unused port",
        .vmx = {EXIT_REASON_IO_INSTRUCTION, Bound::exact, string_length + 1, out_string_source},
        .svm = {SVM_EXIT_IOIO, Bound::exact, string_length + 1, out_string_source},
        .fire = [] { Io::out_string(port, bytes, string_length); },
        .count = default_count / 10,
    },
    {
        .name = "io.rep-outs16",
        .what = "REP OUTSW of 8 words to the unused port",
        .vmx = {EXIT_REASON_IO_INSTRUCTION, Bound::exact, string_length + 1, out_string_source},
        .svm = {SVM_EXIT_IOIO, Bound::exact, string_length + 1, out_string_source},
        .fire = [] { Io::out_string(port, words, string_length); },
        .count = default_count / 10,
    },
    {"io.pic-read-mask", "IN AL, 0x21: the interrupt controller's mask", vmx_once, svm_once,
     [] { Io::in<std::uint8_t>(Port::pic_primary_mask); }},
    {"io.pic-write-mask", "OUT 0x21, AL: the mask, unchanged", vmx_once, svm_once,
     [] { Io::out<std::uint8_t>(Port::pic_primary_mask, 0xff); }},
    {"io.pic-read-elcr", "IN AL, 0x4d0: edge or level", vmx_once, svm_once,
     [] { Io::in<std::uint8_t>(Port::pic_edge_level); }},
    {"io.pit-latch", "OUT 0x43, AL: latches counter 0 of the timer", vmx_once, svm_once,
     [] { Io::out<std::uint8_t>(Port::pit_command, 0); }},
    {"io.serial-status", "IN AL, 0x3fd: a device of user space", vmx_once, svm_once,
     [] { Io::in<std::uint8_t>(Port::serial_1_status); }},
};

}

std::span<const Trigger> io_triggers() { return catalogue; }

}
