# unsigned guarded_call(void (*body)(void *), void *context, int (*filter)(EXCEPTION_POINTERS *))
# Runs body(context). 0 when it returned; otherwise the code of the exception that the filter accepted.
# Frame: ebp-4..-12 saved registers, registration record { previous, handler } at ebp-20.
    .text
    .globl  _guarded_call
_guarded_call:
    pushl   %ebp
    movl    %esp, %ebp
    pushl   %ebx
    pushl   %esi
    pushl   %edi
    pushl   $_guarded_call_handler
    pushl   %fs:0
    movl    %esp, %fs:0
    subl    $8, %esp                    # keeps the callee's stack 16-byte aligned
    pushl   12(%ebp)
    call    *8(%ebp)
    xorl    %eax, %eax
.Lleave:
    movl    -20(%ebp), %edx
    movl    %edx, %fs:0
    leal    -12(%ebp), %esp
    popl    %edi
    popl    %esi
    popl    %ebx
    popl    %ebp
    ret

# EXCEPTION_DISPOSITION handler(record, registration, context, dispatcher), cdecl
_guarded_call_handler:
    pushl   %ebp
    movl    %esp, %ebp
    movl    8(%ebp), %eax               # record
    testl   $0x66, 4(%eax)              # unwinding: nothing of ours to do
    jnz     1f
    movl    12(%ebp), %ecx              # registration; guarded_call's ebp is 20 above
    pushl   16(%ebp)                    # EXCEPTION_POINTERS { record, context }
    pushl   %eax
    movl    %esp, %edx
    pushl   %edx
    call    *20+16(%ecx)                # filter
    addl    $12, %esp
    testl   %eax, %eax
    jz      1f
    js      2f
    movl    8(%ebp), %eax
    pushl   (%eax)                      # code, for the landing
    pushl   $0
    pushl   %eax
    pushl   $3f
    pushl   12(%ebp)
    call    _RtlUnwind@16
3:  popl    %eax
    movl    12(%ebp), %ecx
    leal    20(%ecx), %ebp
    jmp     .Lleave
1:  movl    $1, %eax                    # go on searching
    popl    %ebp
    ret
2:  xorl    %eax, %eax                  # go on executing
    popl    %ebp
    ret
