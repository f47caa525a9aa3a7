// What to expect of an instruction that ends in #UD.
//
// KVM intercepts #UD on both vendors, to emulate a few instructions of the other vendor
// (vmx_update_exception_bitmap(), init_vmcb()); handle_ud() injects #UD for all others.
#pragma once

#include "triggers/trigger.hpp"

#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>

namespace triggers {

inline constexpr ExitNumber svm_undefined_exit = SVM_EXIT_EXCP_BASE + UD_VECTOR;

/// One exit of that number, after which KVM raises #UD.
constexpr Expectation raises_undefined(ExitNumber exit, std::string_view source) {
    return raising(Exception::invalid_opcode, {exit, Bound::exact, 1, source});
}

/// The processor raises #UD, which exits.
constexpr Expectation vmx_undefined(std::string_view source) {
    return raises_undefined(EXIT_REASON_EXCEPTION_NMI, source);
}

constexpr Expectation svm_undefined(std::string_view source) {
    return raises_undefined(svm_undefined_exit, source);
}

}
