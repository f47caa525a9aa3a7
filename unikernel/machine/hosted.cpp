// For host programs: the names that the guest's assembly defines. They are never called.
extern "C" {

char enter_user_mode, interrupt_stubs, nested_cpuid, nested_out, nested_query, nested_rdmsr, nested_rdtsc,
    nested_undefined, svm_enter, switch_tasks, trampoline, trampoline_end, user_code_start, user_mode_left,
    user_query, user_read_misaligned, vmx_enter, vmx_exited;
}
