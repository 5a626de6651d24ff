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
kiln_return_trap:               // "Returned" to: the call's result is in rax, rdx, xmm0 and xmm1.
    subq $8, %rsp               // Where the return address belongs.
    .cfi_def_cfa_offset 8
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq $48, %rsp
    movq %rax, 0(%rsp)
    movq %rdx, 8(%rsp)
    movups %xmm0, 16(%rsp)
    movups %xmm1, 32(%rsp)
    call kiln_return_trap_take@PLT
    movq %rax, 8(%rbp)          // From here the stack looks as if compiled code had called this.
    call kiln_return_trap_raise@PLT
    movq 0(%rsp), %rax
    movq 8(%rsp), %rdx
    movups 16(%rsp), %xmm0
    movups 32(%rsp), %xmm1
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size kiln_return_trap_function, .-kiln_return_trap_function

#endif

    .section .note.GNU-stack,"",%progbits
