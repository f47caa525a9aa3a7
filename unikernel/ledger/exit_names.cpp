// Exit names, taken from the kernel's own tables so that they cannot rot.
#include "ledger/exit_names.hpp"

#include "ledger/exit_set.hpp"

#include <asm/kvm.h> // the exception vectors that asm/svm.h refers to
#include <asm/svm.h>
#include <asm/vmx.h>

#include <span>

namespace ledger {
namespace {

struct ExitName {
    std::int64_t number; // asm/svm.h names -1 and numbers with bit 31 set, too
    const char* name;
};

constexpr ExitName vmx_names[] = {VMX_EXIT_REASONS};
constexpr ExitName svm_names[] = {SVM_EXIT_REASONS};

static_assert(cpuid_exit(Numbering::vmx) == EXIT_REASON_CPUID);
static_assert(cpuid_exit(Numbering::svm) == SVM_EXIT_CPUID);

}

std::string_view exit_name(Numbering numbering, ExitNumber exit) {
    const std::span<const ExitName> names =
        numbering == Numbering::vmx ? std::span<const ExitName>(vmx_names) : svm_names;
    for (const auto& [number, name] : names)
        if (number == std::int64_t{exit}) return name;
    return no_name;
}

void ExitSet::write(console::Sink& text, Numbering numbering) const {
    constexpr std::size_t listed = 6;
    for (std::size_t i = 0; i < std::min(size_, listed); i++) {
        const auto name = exit_name(numbering, exits_[i]);
        const bool named = name != no_name;
        text.format("{}{}{}{:x}{}", i == 0 ? "" : ", ", named ? name : "", named ? " (" : "", exits_[i],
                    named ? ")" : "");
    }
    if (size_ > listed) text.format(" and {} more", size_ - listed);
}

}
