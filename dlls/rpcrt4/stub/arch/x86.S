# The methods of COM proxies that no proxy DLL has code for; contracts in stub/proxy/thunks.h. A stubless thunk fills 16 bytes, a
# forwarding one 32.
    .cfi_sections .debug_frame
    .text
    .set    METHODS, 3 + 1024

    .globl  _rpc_stubless_thunks
    .p2align 4
_rpc_stubless_thunks:
    .set    method, 0
    .rept   METHODS
    .p2align 4
    movl    $method, %eax
    jmp     stubless_common
    .set    method, method + 1
    .endr

# To the base interface's proxy, which is the word after the vtable pointer.
    .globl  _rpc_forwarding_thunks
    .p2align 5
_rpc_forwarding_thunks:
    .set    method, 0
    .rept   METHODS
    .p2align 5
    movl    4(%esp), %eax
    movl    4(%eax), %eax
    movl    %eax, 4(%esp)
    movl    (%eax), %eax
    jmp     *4*method(%eax)
    .set    method, method + 1
    .endr

# eax = method. StublessResult at ebp-16: value, pop, floating.
    .set    VALUE, -16
    .set    POP,   -8
    .set    FLOATING, -4

    .p2align 4
stubless_common:
    .cfi_startproc
    pushl   %ebp
    .cfi_adjust_cfa_offset 4
    .cfi_offset %ebp, -8
    movl    %esp, %ebp
    .cfi_def_cfa_register %ebp
    subl    $16, %esp
    leal    VALUE(%ebp), %ecx
    pushl   %ecx
    pushl   $0
    leal    8(%ebp), %ecx
    pushl   %ecx
    pushl   %eax
    call    _rpc_stubless_call
    movl    FLOATING(%ebp), %ecx
    cmpl    $4, %ecx
    je      .Lfloat
    cmpl    $8, %ecx
    jne     .Lleave
    fldl    VALUE(%ebp)
    jmp     .Lleave
.Lfloat:
    flds    VALUE(%ebp)
.Lleave:
    movl    VALUE(%ebp), %eax
    movl    VALUE+4(%ebp), %edx
    movl    POP(%ebp), %ecx
    leave
    .cfi_def_cfa %esp, 4
    addl    %esp, %ecx              # the callee pops, by what only the procedure's description says
    pushl   (%esp)
    popl    (%ecx)                  # the return address moves up over the arguments
    movl    %ecx, %esp
    ret
    .cfi_endproc
