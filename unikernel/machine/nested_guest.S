// The code of nested guests, and their entry and exit. They change only RAX, RBX, RCX and RDX.

#define UNDEFINED_MSR	0xdeadbeef		// Msr::undefined: in no MSR bitmap

	.section .text, "ax"
	.code64

	.globl	nested_cpuid, nested_rdtsc, nested_undefined, nested_rdmsr, nested_out, nested_query
nested_cpuid:
	cpuid
	jmp	nested_cpuid
nested_rdtsc:
	rdtsc
	jmp	nested_rdtsc
nested_undefined:
	ud2
	jmp	nested_undefined
nested_rdmsr:
	rdmsr
	movl	$UNDEFINED_MSR, %ecx
	jmp	nested_rdmsr
nested_out:
	rdmsr
	movl	%ebx, %edx
	outb	%al, %dx
	movl	$UNDEFINED_MSR, %ecx
	jmp	nested_out
nested_query:
	movl	nested_leaf(%rip), %eax
	movl	nested_subleaf(%rip), %ecx
	cpuid
	movl	%eax, nested_answer(%rip)
	movl	$UNDEFINED_MSR, %ecx
	rdmsr
	jmp	nested_query

	// EDI: the VMCB's address; ESI, EDX: the guest's ECX and EBX.
	.globl	svm_enter
svm_enter:
	pushq	%rbx
	movl	%edi, %eax
	movl	%esi, %ecx
	movl	%edx, %ebx
	vmrun	%rax
	popq	%rbx
	ret

	// EDI: is the VMCS launched? ESI, EDX: the guest's ECX and EBX. Returns through vmx_exited, or
	// behind the instruction if that fails.
	.globl	vmx_enter, vmx_exited
vmx_enter:
	pushq	%rbx
	movq	%rsp, vmx_stack(%rip)
	movl	%esi, %ecx
	movl	%edx, %ebx
	testl	%edi, %edi
	jz	1f
	vmresume
	jmp	vmx_exited
1:	vmlaunch
vmx_exited:
	movq	vmx_stack(%rip), %rsp
	popq	%rbx
	ret

	.section .bss
	.balign	8
vmx_stack: .skip 8				// VM exits load one RSP, fixed in the VMCS

	.section .note.GNU-stack, "", @progbits
