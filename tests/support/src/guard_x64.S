# unsigned guarded_call(void (*body)(void *), void *context, int (*filter)(EXCEPTION_POINTERS *))
# Runs body(context). 0 when it returned; otherwise the code of the exception that the filter accepted.
    .cfi_sections .debug_frame
    .text
    .globl  guarded_call
    .def    guarded_call; .scl 2; .type 32; .endef
    .seh_proc guarded_call
guarded_call:
    .cfi_startproc
    subq    $56, %rsp
    .cfi_adjust_cfa_offset 56
    .seh_stackalloc 56
    .seh_endprologue
    movq    %r8, 40(%rsp)               # the filter, for the scope filter below
    movl    $0, 48(%rsp)                # the code it saw
    movq    %rcx, %rax
    movq    %rdx, %rcx
.Lbegin:
    call    *%rax
    nop
.Lend:
    xorl    %eax, %eax
    jmp     .Lleave
.Llanding:                              # eax is not to be trusted here: Wine arrives with 0
    movl    48(%rsp), %eax
.Lleave:
    addq    $56, %rsp
    ret
    .cfi_endproc
    .seh_handler __C_specific_handler, @except, @unwind
    .seh_handlerdata
    .long   1
    .rva    .Lbegin, .Lend, guarded_call_filter, .Llanding
    .text
    .seh_endproc

guarded_call_filter:                    # rcx = EXCEPTION_POINTERS *, rdx = guarded_call's rsp
    movq    (%rcx), %rax
    movl    (%rax), %eax
    movl    %eax, 48(%rdx)
    jmp     *40(%rdx)
