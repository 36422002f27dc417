# What C++ cannot say on x86; contracts in primitives.h. An exception registration { previous, handler } lies at a fixed place
# of each guard's frame, so that its handler finds the arguments from the registration's address.
    .cfi_sections .debug_frame
    .text

    .set    UNWINDING, 0x66         # EXCEPTION_UNWINDING, EXIT_UNWIND, TARGET_UNWIND, COLLIDED_UNWIND
    .set    CONTINUE_EXECUTION, 0   # EXCEPTION_DISPOSITION
    .set    CONTINUE_SEARCH, 1

# From ebp: arguments at 8, 12, 16; saved ebx, esi, edi below; the registration at -20.
    .set    BODY,  8
    .set    CTX,   12
    .set    THIRD, 16
    .set    RECORD, -20

    .macro ENTER
    pushl   %ebp
    .cfi_adjust_cfa_offset 4
    .cfi_offset %ebp, -8
    movl    %esp, %ebp
    .cfi_def_cfa_register %ebp
    .endm

    .macro GUARD_PROLOGUE handler
    .cfi_startproc
    ENTER
    pushl   %ebx
    .cfi_offset %ebx, -12
    pushl   %esi
    .cfi_offset %esi, -16
    pushl   %edi
    .cfi_offset %edi, -20
    pushl   $\handler
    pushl   %fs:0
    movl    %esp, %fs:0
    subl    $8, %esp
    pushl   CTX(%ebp)
    .endm

    .macro UNREGISTER
    movl    RECORD(%ebp), %edx
    movl    %edx, %fs:0
    .endm

    .macro GUARD_EPILOGUE
    leal    -12(%ebp), %esp
    popl    %edi
    popl    %esi
    popl    %ebx
    popl    %ebp
    .cfi_def_cfa %esp, 4
    ret
    .cfi_endproc
    .endm

    .globl  _rpc_seh_try
    .def    _rpc_seh_try; .scl 2; .type 32; .endef
    .p2align 4
_rpc_seh_try:
    GUARD_PROLOGUE try_handler
    call    *BODY(%ebp)
    xorl    %eax, %eax
try_out:                            # ebp as in the body, eax the answer; esp may be anywhere below
    UNREGISTER
    GUARD_EPILOGUE

# cdecl EXCEPTION_DISPOSITION(EXCEPTION_RECORD*, registration, CONTEXT*, void*)
    .p2align 4
try_handler:
    .cfi_startproc
    ENTER
    movl    8(%ebp), %eax
    testl   $UNWINDING, 4(%eax)
    jnz     .Ltry_search
    movl    12(%ebp), %ecx
    pushl   16(%ebp)                # EXCEPTION_POINTERS { record, context }
    pushl   %eax
    movl    %esp, %edx
    subl    $8, %esp
    pushl   CTX-RECORD(%ecx)
    pushl   %edx
    call    *THIRD-RECORD(%ecx)
    testl   %eax, %eax
    jz      .Ltry_search
    js      .Ltry_resume
    pushl   $0
    pushl   8(%ebp)
    pushl   $.Ltry_unwound
    pushl   12(%ebp)
    call    _RtlUnwind@16           # runs the inner frames' handlers; keeps ebp alone
.Ltry_unwound:
    movl    12(%ebp), %ecx
    leal    -RECORD(%ecx), %ebp
    movl    $1, %eax
    jmp     try_out
.Ltry_search:
    movl    $CONTINUE_SEARCH, %eax
    leave
    ret
.Ltry_resume:
    movl    $CONTINUE_EXECUTION, %eax
    leave
    ret
    .cfi_endproc

    .globl  _rpc_seh_finally
    .def    _rpc_seh_finally; .scl 2; .type 32; .endef
    .p2align 4
_rpc_seh_finally:
    GUARD_PROLOGUE finally_handler
    call    *BODY(%ebp)
    UNREGISTER
    leal    -28(%ebp), %esp         # 16-byte alignment as at the first call
    pushl   CTX(%ebp)
    pushl   $0
    call    *THIRD(%ebp)
    GUARD_EPILOGUE

    .p2align 4
finally_handler:
    .cfi_startproc
    ENTER
    movl    8(%ebp), %eax
    testl   $UNWINDING, 4(%eax)
    jz      .Lfinally_search
    movl    12(%ebp), %ecx
    subl    $8, %esp
    pushl   CTX-RECORD(%ecx)
    pushl   $1
    call    *THIRD-RECORD(%ecx)
.Lfinally_search:
    movl    $CONTINUE_SEARCH, %eax
    leave
    ret
    .cfi_endproc

# The callee pops its arguments (stdcall) or not (cdecl): esp comes back from ebp.
    .globl  _rpc_call_slots
    .def    _rpc_call_slots; .scl 2; .type 32; .endef
    .p2align 4
_rpc_call_slots:
    .cfi_startproc
    ENTER
    pushl   %esi
    .cfi_offset %esi, -12
    pushl   %edi
    .cfi_offset %edi, -16
    movl    16(%ebp), %ecx          # count
    leal    15(,%ecx,4), %eax
    andl    $-16, %eax
    call    ___chkstk_ms            # touches the pages of a large frame in order, keeps every register
    subl    %eax, %esp
    andl    $-16, %esp
    movl    12(%ebp), %esi
    movl    %esp, %edi
    cld
    rep movsl
    call    *8(%ebp)
    movl    20(%ebp), %ecx
    testl   %ecx, %ecx
    jz      .Lno_fp
    fstpl   (%ecx)                  # a result in st(0) exists only when the caller expects one
.Lno_fp:
    leal    -8(%ebp), %esp
    popl    %edi
    popl    %esi
    popl    %ebp
    .cfi_def_cfa %esp, 4
    ret
    .cfi_endproc
