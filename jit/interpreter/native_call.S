// void kiln_call_native(void *code, Registers *registers): see native_call.cpp.

#if defined(__x86_64__)

    .text
    .globl kiln_call_native
    .type kiln_call_native, @function
    .p2align 4
kiln_call_native:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq %rbx
    .cfi_offset %rbx, -24
    subq $8, %rsp
    movq %rsi, %rbx
    movq %rdi, %r11
    movq 128(%rbx), %rcx        // Words for the stack, which stays aligned to 16.
    leaq 1(%rcx), %rdx
    andq $-2, %rdx
    shlq $3, %rdx
    subq %rdx, %rsp
    movq 120(%rbx), %r8
    jmp 2f
1:  movq -8(%r8,%rcx,8), %rax
    movq %rax, -8(%rsp,%rcx,8)
    decq %rcx
2:  testq %rcx, %rcx
    jne 1b
    movq 0(%rbx), %rdi
    movq 8(%rbx), %rsi
    movq 16(%rbx), %rdx
    movq 24(%rbx), %rcx
    movq 32(%rbx), %r8
    movq 40(%rbx), %r9
    movsd 48(%rbx), %xmm0
    movsd 56(%rbx), %xmm1
    movsd 64(%rbx), %xmm2
    movsd 72(%rbx), %xmm3
    movsd 80(%rbx), %xmm4
    movsd 88(%rbx), %xmm5
    movsd 96(%rbx), %xmm6
    movsd 104(%rbx), %xmm7
    movq 112(%rbx), %r10
    movl $8, %eax               // Vector registers in use, for a variadic function.
    call *%r11
    movq %rax, 136(%rbx)
    movq %rdx, 144(%rbx)
    movq %rcx, 152(%rbx)
    movsd %xmm0, 160(%rbx)
    movsd %xmm1, 168(%rbx)
    cmpq $1, 192(%rbx)          // LLVM returns a third and fourth float on the x87 stack.
    jb 3f
    fstpl 176(%rbx)
    je 3f
    fstpl 184(%rbx)
3:
    movq -8(%rbp), %rbx
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size kiln_call_native, .-kiln_call_native

#endif

    .section .note.GNU-stack,"",%progbits
