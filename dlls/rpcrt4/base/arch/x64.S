# What C++ cannot say on x64; contracts in primitives.h. Each frame is described twice: .seh_* for the Windows unwinder, .cfi_*
# for gdb.
    .cfi_sections .debug_frame
    .text

    .macro FUNCTION name
    .globl  \name
    .def    \name; .scl 2; .type 32; .endef
    .p2align 4
    .endm

# Both guards keep ctx and their third argument in the frame, where the unwinder's callbacks find them from rsp.
    .set    CTX,   32
    .set    THIRD, 40
    .set    FRAME, 56

    .macro GUARD_PROLOGUE
    .cfi_startproc
    subq    $FRAME, %rsp
    .cfi_adjust_cfa_offset FRAME
    .seh_stackalloc FRAME
    .seh_endprologue
    movq    %rdx, CTX(%rsp)
    movq    %r8, THIRD(%rsp)
    movq    %rcx, %rax
    movq    %rdx, %rcx
    .endm

    .macro GUARD_EPILOGUE
    addq    $FRAME, %rsp
    ret
    .cfi_endproc
    .endm

# rcx = body, rdx = ctx, r8 = filter
    FUNCTION rpc_seh_try
    .seh_proc rpc_seh_try
rpc_seh_try:
    GUARD_PROLOGUE
.Ltry_from:
    call    *%rax
    nop                             # the return address must lie inside the guarded range
.Ltry_to:
    xorl    %eax, %eax
    jmp     .Ltry_out
.Ltry_landing:                      # eax is the exception code here on Windows and 0 under Wine
    movl    $1, %eax
.Ltry_out:
    GUARD_EPILOGUE
    .seh_handler __C_specific_handler, @except, @unwind
    .seh_handlerdata
    .long   1
    .rva    .Ltry_from, .Ltry_to, try_filter, .Ltry_landing
    .text
    .seh_endproc

try_filter:                         # rcx = EXCEPTION_POINTERS*, rdx = rsp of rpc_seh_try
    movq    THIRD(%rdx), %rax
    movq    CTX(%rdx), %rdx
    jmp     *%rax

# rcx = body, rdx = ctx, r8 = cleanup
    FUNCTION rpc_seh_finally
    .seh_proc rpc_seh_finally
rpc_seh_finally:
    GUARD_PROLOGUE
.Lfinally_from:
    call    *%rax
    nop
.Lfinally_to:
    xorl    %ecx, %ecx
    movq    CTX(%rsp), %rdx
    call    *THIRD(%rsp)
    nop
    GUARD_EPILOGUE
    .seh_handler __C_specific_handler, @except, @unwind
    .seh_handlerdata
    .long   1
    .rva    .Lfinally_from, .Lfinally_to, finally_unwind
    .long   0                       # no landing: a termination handler
    .text
    .seh_endproc

finally_unwind:                     # ecx = 1, rdx = rsp of rpc_seh_finally
    movq    THIRD(%rdx), %rax
    movq    CTX(%rdx), %rdx
    jmp     *%rax

# rcx = fn, rdx = slots, r8 = count, r9 = fp_result
    FUNCTION rpc_call_slots
    .seh_proc rpc_call_slots
rpc_call_slots:
    .cfi_startproc
    pushq   %rbp
    .seh_pushreg %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_offset %rbp, -16
    pushq   %rbx
    .seh_pushreg %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_offset %rbx, -24
    pushq   %rsi
    .seh_pushreg %rsi
    .cfi_adjust_cfa_offset 8
    .cfi_offset %rsi, -32
    pushq   %rdi
    .seh_pushreg %rdi
    .cfi_adjust_cfa_offset 8
    .cfi_offset %rdi, -40
    subq    $8, %rsp
    .seh_stackalloc 8
    .cfi_adjust_cfa_offset 8
    movq    %rsp, %rbp
    .seh_setframe %rbp, 0
    .cfi_def_cfa_register %rbp
    .seh_endprologue
    movq    %rcx, %r10              # fn; survives ___chkstk_ms, as every register does
    movq    %rdx, %rsi
    movq    %r9, %rbx
    movl    $4, %eax
    cmpq    %rax, %r8
    cmovaq  %r8, %rax               # callees own a home area of four slots
    leaq    15(,%rax,8), %rax
    andq    $-16, %rax
    call    ___chkstk_ms            # touches the pages of a large frame in order
    subq    %rax, %rsp
    movq    %r8, %rcx
    movq    %rsp, %rdi
    rep movsq
    movq    (%rsp), %rcx
    movq    8(%rsp), %rdx
    movq    16(%rsp), %r8
    movq    24(%rsp), %r9
    movq    %rcx, %xmm0
    movq    %rdx, %xmm1
    movq    %r8, %xmm2
    movq    %r9, %xmm3
    call    *%r10
    testq   %rbx, %rbx
    jz      .Lno_fp
    movsd   %xmm0, (%rbx)
.Lno_fp:
    leaq    8(%rbp), %rsp
    popq    %rdi
    popq    %rsi
    popq    %rbx
    popq    %rbp
    ret
    .cfi_endproc
    .seh_endproc
