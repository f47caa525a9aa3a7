// The interrupt descriptor table, and dispatch by vector.
#include "machine/interrupts.hpp"

#include "machine/address.hpp"
#include "machine/apic.hpp"
#include "machine/descriptor_tables.hpp"
#include "machine/exceptions.hpp"
#include "machine/io.hpp"

#include <array>

extern "C" const char interrupt_stubs[];
extern "C" void interrupt_dispatch(machine::InterruptFrame* frame);

namespace machine {
namespace {

// SDM vol. 3, 64-Bit Mode IDT.
struct Gate {
    std::uint16_t offset_low, selector, attributes, offset_middle;
    std::uint32_t offset_high, reserved;
};
static_assert(sizeof(Gate) == 16);

constexpr std::uint16_t present_interrupt_gate = 0x8e00, for_users = 0x6000; // descriptor privilege level 3
constexpr std::uint16_t code_selector = 8;
constexpr std::size_t stub_size = 16;
constexpr std::uint64_t rflags_if = 1 << 9;

constinit std::array<Gate, 256> gates{};
constinit UnexpectedHandler on_unexpected = nullptr;
constinit bool shadow_is_forgotten = false;

// STI blocks interrupts until the next instruction, HLT, has started (SDM vol. 2, STI). Where the host's
// processor loses that interrupt shadow when the vCPU exits between the two, the interrupt that should end
// the HLT arrives before it, and nothing would end the HLT.
bool arrived_before_hlt(const InterruptFrame& frame) {
    constexpr std::uint8_t hlt_opcode = 0xf4;
    return shadow_is_forgotten && *reinterpret_cast<const std::uint8_t*>(frame.rip) == hlt_opcode;
}

// Restarts halt_until_interrupt(), with the interrupt pending as before.
void repeat_halt(InterruptFrame& frame) {
    constexpr std::uint64_t sti_length = 1;
    frame.rflags &= ~rflags_if;
    frame.rip -= sti_length;
    this_cpu().due = true;
    local_apic.send_to_self(static_cast<std::uint8_t>(frame.vector));
}

// QEMU's VMRUN (seen up to 11.1) leaves the vector of an injected interrupt behind as a pending exception. If
// QEMU's main loop runs before the next #VMEXIT, the interrupt arrives again, although its handler has
// interrupts disabled. It needs no EOI, and must not be counted, because the sender would then send the next
// one.
bool arrived_twice(const InterruptFrame& frame) { return !(frame.rflags & rflags_if); }

// An NMI that arrives while another is handled waits for its IRET (SDM vol. 3, Handling Multiple NMIs).
bool send_nmi_in_nmi() {
    auto& cpu = this_cpu();
    if (!cpu.wants_nmi_in_nmi) return false;
    cpu.wants_nmi_in_nmi = false;
    local_apic.send_to(cpu.apic_id, Delivery::nmi, 0);
    return true;
}

// Each processor counts its own arrivals, so the count need not be atomic.
void count_arrival() {
    auto& cpu = this_cpu();
    cpu.arrivals = cpu.arrivals + 1;
}

Gate gate_to(std::uint64_t address) {
    return {static_cast<std::uint16_t>(address),
            code_selector,
            present_interrupt_gate,
            static_cast<std::uint16_t>(address >> 16),
            static_cast<std::uint32_t>(address >> 32),
            0};
}

}

void set_up_interrupts(UnexpectedHandler unexpected) {
    on_unexpected = unexpected;
    const auto stubs = address_of(interrupt_stubs);
    for (std::size_t vector = 0; vector < gates.size(); vector++)
        gates[vector] = gate_to(stubs + vector * stub_size);

    load_interrupts();

    Io::out<std::uint8_t>(Port::pic_primary_mask, 0xff);
    Io::out<std::uint8_t>(Port::pic_secondary_mask, 0xff);
}

void expect_forgotten_shadow() { shadow_is_forgotten = true; }

void set_user_gate(Vector vector, const void* place) {
    auto& gate = gates[static_cast<std::size_t>(vector)];
    gate = gate_to(address_of(place));
    gate.attributes |= for_users;
}

void load_interrupts() { load_idt({sizeof(gates) - 1, address_of(gates.data())}); }

}

void interrupt_dispatch(machine::InterruptFrame* frame) {
    using machine::Vector;

    // A spurious interrupt gets no EOI (SDM vol. 3, Spurious Interrupt).
    switch (static_cast<Vector>(frame->vector)) {
    case Vector::timer:
        if (machine::arrived_twice(*frame)) return;
        machine::local_apic.end_of_interrupt();
        if (machine::arrived_before_hlt(*frame)) machine::local_apic.restart_timer();
        machine::count_arrival();
        return;
    case Vector::counted:
        if (machine::arrived_twice(*frame)) return;
        machine::this_cpu().due = false;
        machine::local_apic.end_of_interrupt();
        if (machine::arrived_before_hlt(*frame))
            machine::repeat_halt(*frame);
        else
            machine::count_arrival();
        return;
    case Vector::nmi:
        if (machine::send_nmi_in_nmi()) return;
        break;
    case Vector::wake:
        if (machine::arrived_twice(*frame)) return;
        machine::local_apic.end_of_interrupt();
        machine::this_cpu().woken = true;
        if (machine::arrived_before_hlt(*frame)) frame->rip++;
        return;
    case Vector::spurious: return;
    case Vector::user_mode_left: // has a gate of its own
        break;
    }
    if (!machine::resume_after(*frame)) machine::on_unexpected(*frame);
}
