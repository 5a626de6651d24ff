// The lazy entry: see lazy_entry.h. Its frame is a NativeCall (interpreter/native_call.h).

#if defined(__x86_64__)

    .text
    .globl kiln_lazy_entry
    .type kiln_lazy_entry, @function
    .p2align 4
kiln_lazy_entry:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq $256, %rsp             // The stack is aligned to 16 for the call.
    movq %rdi, 0(%rsp)
    movq %rsi, 8(%rsp)
    movq %rdx, 16(%rsp)
    movq %rcx, 24(%rsp)
    movq %r8, 32(%rsp)
    movq %r9, 40(%rsp)
    movq %rax, 48(%rsp)         // The number of vector registers of a variadic call.
    movq %r10, 56(%rsp)
    movaps %xmm0, 64(%rsp)      // Arguments are scalars: 16 bytes hold all of one.
    movaps %xmm1, 80(%rsp)
    movaps %xmm2, 96(%rsp)
    movaps %xmm3, 112(%rsp)
    movaps %xmm4, 128(%rsp)
    movaps %xmm5, 144(%rsp)
    movaps %xmm6, 160(%rsp)
    movaps %xmm7, 176(%rsp)
    movq %rsp, %rdi
    movq kiln_lazy_call_hook@GOTPCREL(%rip), %rax
    call *(%rax)
    testq %rax, %rax
    je 1f
    movq %rax, %r11             // There is code to go on with.
    movq 0(%rsp), %rdi
    movq 8(%rsp), %rsi
    movq 16(%rsp), %rdx
    movq 24(%rsp), %rcx
    movq 32(%rsp), %r8
    movq 40(%rsp), %r9
    movq 48(%rsp), %rax
    movq 56(%rsp), %r10
    movaps 64(%rsp), %xmm0
    movaps 80(%rsp), %xmm1
    movaps 96(%rsp), %xmm2
    movaps 112(%rsp), %xmm3
    movaps 128(%rsp), %xmm4
    movaps 144(%rsp), %xmm5
    movaps 160(%rsp), %xmm6
    movaps 176(%rsp), %xmm7
    .cfi_remember_state
    leave
    .cfi_def_cfa %rsp, 8
    jmp *%r11
    .cfi_restore_state
1:  cmpq $1, 216(%rsp)          // The call was done. A third and fourth float are returned on the x87 stack.
    jb 3f
    je 2f
    fldl 248(%rsp)
2:  fldl 240(%rsp)
3:  movq 192(%rsp), %rax
    movq 200(%rsp), %rdx
    movq 208(%rsp), %rcx
    movsd 224(%rsp), %xmm0
    movsd 232(%rsp), %xmm1
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size kiln_lazy_entry, .-kiln_lazy_entry

// void kiln_call_on_stack(void (*body)(void *), void *argument, void *top): calls body(argument) with `top` as stack pointer.
// Frames unwind through it, to where it was called from.
    .globl kiln_call_on_stack
    .type kiln_call_on_stack, @function
    .p2align 4
kiln_call_on_stack:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    movq %rdx, %rsp
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size kiln_call_on_stack, .-kiln_call_on_stack

#else
#error "calls between compiled and interpreted code are written for x86-64"
#endif

    .section .note.GNU-stack,"",%progbits
