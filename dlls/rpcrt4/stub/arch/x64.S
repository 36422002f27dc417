# The methods of COM proxies that no proxy DLL has code for; contracts in stub/proxy/thunks.h. Each thunk fills 16 bytes.
    .cfi_sections .debug_frame
    .text
    .set    METHODS, 3 + 1024

    .globl  rpc_stubless_thunks
    .p2align 4
rpc_stubless_thunks:
    .set    method, 0
    .rept   METHODS
    .p2align 4
    movl    $method, %eax
    jmp     stubless_common
    .set    method, method + 1
    .endr

# To the base interface's proxy, which is the word after the vtable pointer.
    .globl  rpc_forwarding_thunks
    .p2align 4
rpc_forwarding_thunks:
    .set    method, 0
    .rept   METHODS
    .p2align 4
    movq    8(%rcx), %rcx
    movq    (%rcx), %rax
    jmp     *8*method(%rax)
    .set    method, method + 1
    .endr

# eax = method. Spills the register arguments to their home area, so that all arguments are one array.
    .set    FLOATS, 32
    .set    RESULT, 64
    .set    FRAME,  88
    .set    HOME,   FRAME + 8

    .def    stubless_common; .scl 3; .type 32; .endef
    .p2align 4
    .seh_proc stubless_common
stubless_common:
    .cfi_startproc
    subq    $FRAME, %rsp
    .cfi_adjust_cfa_offset FRAME
    .seh_stackalloc FRAME
    .seh_endprologue
    movq    %rcx, HOME(%rsp)
    movq    %rdx, HOME+8(%rsp)
    movq    %r8, HOME+16(%rsp)
    movq    %r9, HOME+24(%rsp)
    movsd   %xmm0, FLOATS(%rsp)
    movsd   %xmm1, FLOATS+8(%rsp)
    movsd   %xmm2, FLOATS+16(%rsp)
    movsd   %xmm3, FLOATS+24(%rsp)
    movl    %eax, %ecx
    leaq    HOME(%rsp), %rdx
    leaq    FLOATS(%rsp), %r8
    leaq    RESULT(%rsp), %r9
    call    rpc_stubless_call
    nop
    movq    RESULT(%rsp), %rax      # whichever register the caller reads
    movq    %rax, %xmm0
    addq    $FRAME, %rsp
    ret
    .cfi_endproc
    .seh_endproc
