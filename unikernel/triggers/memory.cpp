// Memory that the host maps at the first access, and addresses without memory.
#include "triggers/catalogue.hpp"

#include "machine/mmio.hpp"

#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {
namespace {

using namespace machine;

constexpr std::uint32_t first_touches = 5; // a boot has 40

constexpr std::string_view shadow_source =
    "kvm_mmu_page_fault(): KVM handles the fault of a shadowed page table";
constexpr Deviation shadow[] = {vmx_shadowing({EXIT_REASON_EXCEPTION_NMI, Bound::exact, 1, shadow_source})};
constexpr Expectation vmx_mmio{
    EXIT_REASON_EPT_MISCONFIG, Bound::exact, 1,
    "handle_ept_misconfig(): set_mmio_spte_mask() marks addresses without memory so, at the first access"};
constexpr Expectation svm_mmio{SVM_EXIT_NPF, Bound::exact, 1,
                               APM_NESTED_FAULTS "; npf_interception(): a reserved bit marks MMIO"};

constexpr std::string_view rom_source =
    "kvm_handle_error_pfn(): KVM emulates a write to a read-only slot, and the page stays read-only";
constexpr Row vmx_rom_also[] = {{EXIT_REASON_EPT_MISCONFIG, Bound::at_most, 1}};

// Not every machine has ROM there, so each vCPU writes what was read.
constinit std::uint32_t rom_word = 0;

void write_rom() { write_memory(Place::rom, rom_word); }

std::string_view lacks_fresh_memory() {
    return FreshMemory::exists() ? "" : "this machine has less than 128 MiB of RAM";
}

constexpr Trigger mmio(std::string_view name, std::string_view what, void (*fire)()) {
    return {.name = name,
            .what = what,
            .vmx = vmx_mmio,
            .svm = svm_mmio,
            .fire = fire,
            .prepare = fire,
            .deviations = shadow};
}

constexpr Trigger catalogue[] = {
    {
        .name = "memory.first-touch",
        .what = "MOV to RAM that was never accessed",
        .vmx = {EXIT_REASON_EPT_VIOLATION, Bound::exact, 1,
                "SDM vol. 3, EPT Violations; kvm_tdp_page_fault() maps the page"},
        .svm = {SVM_EXIT_NPF, Bound::exact, 1, APM_NESTED_FAULTS "; kvm_tdp_page_fault() maps the page"},
        .fire = FreshMemory::touch,
        .count = first_touches,
        .lacks = lacks_fresh_memory,
        .deviations = shadow,
        .firings_left = FreshMemory::blocks_left,
    },
    mmio("memory.read-unbacked", "MOV from an address that nothing decodes",
         [] { read_memory(Place::unused); }),
    mmio("memory.write-unbacked", "MOV to an address that nothing decodes",
         [] { write_memory(Place::unused, 0); }),
    mmio("memory.read-io-apic", "MOV from the I/O APIC's index register",
         [] { read_memory(Place::io_apic); }),
    {
        .name = "memory.write-rom",
        .what = "MOV to the firmware's ROM of the value that it holds",
        .vmx = {EXIT_REASON_EPT_VIOLATION, Bound::exact, 1, rom_source, vmx_rom_also},
        .svm = {SVM_EXIT_NPF, Bound::exact, 1, rom_source},
        .fire = write_rom,
        .prepare =
            [] {
                rom_word = read_memory(Place::rom);
                write_rom(); // maps the page where it is RAM
            },
        .excuse = []() -> std::string_view {
            return "this machine has no ROM below 4 GiB; pc and q35 have one (--machine)";
        },
        .deviations = shadow,
    },
};

}

std::span<const Trigger> memory_triggers() { return catalogue; }

}
