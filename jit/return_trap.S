// See return_trap.h.

#if defined(__x86_64__)

    .text
    .globl kiln_return_trap
    .type kiln_return_trap_function, @function
    .p2align 4
kiln_return_trap_function:
    .cfi_startproc
    .cfi_def_cfa_offset 0
    nop                         // Unwinders look up the byte before a return address.
kiln_return_trap:               // "Returned" to: the call's result is in rax, rdx, rcx, xmm0, xmm1 and on the x87 stack.
    subq $8, %rsp               // Where the return address belongs.
    .cfi_def_cfa_offset 8
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq $240, %rsp
    movq %rax, 0(%rsp)
    movq %rdx, 8(%rsp)
    movups %xmm0, 16(%rsp)
    movups %xmm1, 32(%rsp)
    movq %rcx, 48(%rsp)
    fnsave 56(%rsp)             // 108 bytes. The x87 stack is empty now.
    call kiln_return_trap_take@PLT
    movq %rax, 8(%rbp)          // From here the stack looks as if compiled code had called this.
    movq %rax, -64(%rbp)        // A FrameState: its caller.
    leaq 16(%rbp), %rax
    movq %rax, -56(%rbp)
    movq %rbx, -48(%rbp)
    movq 0(%rbp), %rax
    movq %rax, -40(%rbp)
    movq %r12, -32(%rbp)
    movq %r13, -24(%rbp)
    movq %r14, -16(%rbp)
    movq %r15, -8(%rbp)
    // Unwinding goes on from what the FrameState says, which the callee may change. DW_CFA_expression (0x10) of a register is
    // where its value lies, DW_CFA_def_cfa_expression (0x0f) is the CFA; DW_OP_breg6 (0x76) is rbp plus an offset.
    .cfi_remember_state
    .cfi_escape 0x0f, 3, 0x76, 0x48, 0x06   // CFA: the value at rbp-56
    .cfi_escape 0x10, 16, 2, 0x76, 0x40     // return address: rbp-64
    .cfi_escape 0x10, 3, 2, 0x76, 0x50      // rbx
    .cfi_escape 0x10, 6, 2, 0x76, 0x58      // rbp
    .cfi_escape 0x10, 12, 2, 0x76, 0x60     // r12
    .cfi_escape 0x10, 13, 2, 0x76, 0x68     // r13
    .cfi_escape 0x10, 14, 2, 0x76, 0x70     // r14
    .cfi_escape 0x10, 15, 2, 0x76, 0x78     // r15
    leaq -64(%rbp), %rdi
    call kiln_return_trap_raise@PLT
    .cfi_restore_state
    movq 0(%rsp), %rax
    movq 8(%rsp), %rdx
    movups 16(%rsp), %xmm0
    movups 32(%rsp), %xmm1
    movq 48(%rsp), %rcx
    frstor 56(%rsp)
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size kiln_return_trap_function, .-kiln_return_trap_function

#endif

    .section .note.GNU-stack,"",%progbits
