// The native frame that all baseline code runs in: see machine_frame.h. Its layout is known to machine_frame.cpp and baseline.cpp.
//   0(%rsp)  the MachineState    8(%rsp)  the Activation    16(%rsp)  the limit of the stack of values

#if defined(__x86_64__)

    .text
    .globl kiln_enter_machine_code
    .type kiln_enter_machine_code, @function
    .p2align 4
kiln_enter_machine_code:
    .cfi_startproc
    pushq %rbx
    .cfi_def_cfa_offset 16
    .cfi_offset %rbx, -16
    pushq %rbp
    .cfi_def_cfa_offset 24
    .cfi_offset %rbp, -24
    pushq %r12
    .cfi_def_cfa_offset 32
    .cfi_offset %r12, -32
    pushq %r13
    .cfi_def_cfa_offset 40
    .cfi_offset %r13, -40
    pushq %r14
    .cfi_def_cfa_offset 48
    .cfi_offset %r14, -48
    pushq %r15
    .cfi_def_cfa_offset 56
    .cfi_offset %r15, -56
    subq $24, %rsp
    .cfi_def_cfa_offset 80
    movq %rdi, (%rsp)
    movq 40(%rdi), %rax
    movq %rax, 8(%rsp)
    movq 48(%rdi), %rax
    movq %rax, 16(%rsp)
    movq 16(%rdi), %rbx
    movq 24(%rdi), %r15
    movq 32(%rdi), %rax
    jmp *(%rdi)

    .globl kiln_return_to_interpreter
kiln_return_to_interpreter:
    movzwl 2(%rdx), %ecx        // The slot of the call's result, and how many arguments lie behind the call.
    movq %rax, (%rbx,%rcx,8)
    movzwl 4(%rdx), %ecx
    addl $3, %ecx
    shrl $2, %ecx
    leaq 16(%rdx,%rcx,8), %rax

    .globl kiln_leave_machine_code
kiln_leave_machine_code:
    movq (%rsp), %rcx
    movq %rax, 8(%rcx)
    movq %rbx, 16(%rcx)
    movslq %r15d, %r15
    movq %r15, 24(%rcx)
    addq $24, %rsp
    .cfi_def_cfa_offset 56
    popq %r15
    .cfi_def_cfa_offset 48
    popq %r14
    .cfi_def_cfa_offset 40
    popq %r13
    .cfi_def_cfa_offset 32
    popq %r12
    .cfi_def_cfa_offset 24
    popq %rbp
    .cfi_def_cfa_offset 16
    popq %rbx
    .cfi_def_cfa_offset 8
    ret
    .cfi_endproc
    .size kiln_enter_machine_code, .-kiln_enter_machine_code

#endif

    .section .note.GNU-stack,"",%progbits
