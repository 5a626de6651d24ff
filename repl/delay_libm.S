// The C library's mathematics, loaded when a function of it is first called. To load libm and to look up the functions that the
// runtime and LLVM refer to takes a tenth of the time of a short program, and most call none of them.
//
// Only the release is linked with this file (kiln_delay_libm in cmake/KilnTargets.cmake), which then needs no libm; a function
// that is not in the list is found in libm as ever, and the program needs libm from its start again. test/repl/program_test.py tells.

#if defined(__x86_64__)

.macro DELAYED names:vararg
.irp name, \names
    .text
    .globl \name
    .type \name, @function
\name:
    .cfi_startproc
    jmp *.Laddress_\name(%rip)
.Lload_\name:
    leaq .Laddress_\name(%rip), %r11
    jmp kiln_load_from_libm
    .cfi_endproc
    .size \name, .-\name

    .data                       // A DelayedFunction (delay_libm.cpp).
    .p2align 3
.Laddress_\name:
    .quad .Lload_\name
    .asciz "\name"
.endr
.endm

    DELAYED acos, acosf, acosh, acoshf, asin, asinf, asinh, asinhf, atan, atan2, atan2f, atanf, atanh, atanhf
    DELAYED cbrt, cbrtf, ceil, ceilf, copysign, copysignf, cos, cosf, cosh, coshf, erf, erfc, erfcf, erff
    DELAYED exp, exp10, exp10f, exp2, exp2f, expf, expm1, expm1f, fabs, fabsf, fdim, fdimf, feclearexcept, fetestexcept
    DELAYED floor, floorf, fma, fmaf, fmax, fmaxf, fmin, fminf, fmod, fmodf, frexp, frexpf, hypot, hypotf
    DELAYED ldexp, ldexpf, lgamma, lgammaf, log, log10, log10f, log1p, log1pf, log2, log2f, logb, logf, logl
    DELAYED nearbyint, nearbyintf, nextafter, nextafterf, pow, powf, remainder, remainderf, rint, rintf, round, roundf
    DELAYED sin, sincos, sincosf, sinf, sinh, sinhf, sqrt, sqrtf, tan, tanf, tanh, tanhf, tgamma, tgammaf, trunc, truncf

// Goes on in the function of libm whose record is at %r11, with the arguments as they are.
    .text
    .type kiln_load_from_libm, @function
    .p2align 4
kiln_load_from_libm:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    subq $64, %rsp              // No more than three numbers and two pointers are passed, or else what lies on the stack.
    movaps %xmm0, 0(%rsp)
    movaps %xmm1, 16(%rsp)
    movaps %xmm2, 32(%rsp)
    movq %rdi, 48(%rsp)
    movq %rsi, 56(%rsp)
    movq %r11, %rdi
    call kiln_libm_function
    movaps 0(%rsp), %xmm0
    movaps 16(%rsp), %xmm1
    movaps 32(%rsp), %xmm2
    movq 48(%rsp), %rdi
    movq 56(%rsp), %rsi
    leave
    .cfi_def_cfa %rsp, 8
    jmp *%rax
    .cfi_endproc
    .size kiln_load_from_libm, .-kiln_load_from_libm

#endif

    .section .note.GNU-stack, "", %progbits
