"""The rewriting: everything of widl's text stays as it is but for what belongs to an asynchronous procedure."""
import copy
import re

from . import pipes, procedures
from .source import Format, Function, body_of
from .types import Types

PROC, TYPE = "__MIDL_ProcFormatString", "__MIDL_TypeFormatString"
CALL = re.compile(r"NdrClientCall2\(\s*&(\w+)_StubDesc,\s*&" + PROC + r"\.Format\[(\d+)\]")


class Found:
    """What a client or server stub file says of one procedure."""

    def __init__(self, function, body, interface, name, procedure):
        self.function, self.body, self.interface, self.name, self.procedure = function, body, interface, name, procedure
        self.is_async = True
        self.pipes = []     # the names of the parameters that are to be some
        self.offset = None  # of the new description

    def depth_of(self, name):
        """How many pointers the parameter `name` is."""
        return next((p.depth() for p in self.function.parameters if p.name == name), 0)


class Edits:
    """Replacements in a text, made all at once."""

    def __init__(self, text):
        self.text, self.edits = text, []

    def replace(self, start, end, new):
        self.edits.append((start, end, new))

    def result(self):
        text = self.text
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text


def handle_name(name):
    return f"{name}_AsyncHandle"


def prototype(function):
    """The asynchronous form: no return value, the state first."""
    lines = [f"    PRPC_ASYNC_STATE {handle_name(function.name)}"] + [f"    {p.text}" for p in function.parameters]
    convention = function.convention + " " if function.convention else ""
    return f"void {convention}{function.name}(\n" + ",\n".join(lines) + ")"


class StubFile:
    """One of widl's two C files: its format strings, and its procedures by (interface, name)."""

    def __init__(self, source):
        self.source = source
        self.slot = source.slot()
        self.proc = Format(source, PROC)
        self.types = Types(Format(source, TYPE))
        self.edits = Edits(source.text)

    def procedure_at(self, offset):
        """(interface, name) of the label at `offset`."""
        match = re.fullmatch(r"procedure (\w+)::(\w+)", self.proc.labels.get(offset, ""))
        return match.groups() if match else None

    def is_async(self, offset):
        """Whether the procedure at `offset` is [async] in the IDL: widl marks it, which means nothing at run time."""
        return self.proc.byte(offset + 1) & procedures.HAS_RPC_FLAGS and \
            self.proc.word(offset + 2) & procedures.ASYNC_IN_IDL

    def needs_correction(self, function, offset):
        """The synchronous procedure at `offset`, put right, or None when widl was right."""
        found = Found(function, None, *self.procedure_at(offset),
                      procedures.read_interpreted(self.proc, offset, self.slot))
        found.is_async = False
        return found if procedures.correct(copy.deepcopy(found.procedure), found.depth_of, self.types) else None

    def check_correlations(self, found):
        """Each correlation must name the parameter that stands where it points: widl 7 describes a union type that two
        parameters share for the last of them alone."""
        p = found.procedure
        at = {q.stack: q.label.removeprefix("parameter ") for q in p.parameters}
        needs_copy = False
        for q in p.parameters:
            if q.attributes & procedures.BASE:
                continue
            for c in self.types.reached(q.type):
                if self.types.is_computed(c):
                    if self.types.correlations[c] != found.name:
                        self.types.format.fail(c, f"{found.name} uses a type that is described for another procedure")
                    continue
                if at.get(self.types.format.word(c + 2)) != self.types.correlations[c]:
                    self.types.format.fail(c, f"{found.name}: {q.label} has a type that widl describes for another parameter or "
                                              "procedure; give each its own typedef")
                needs_copy = True
        return needs_copy

    def extend(self, all_found):
        """Appends the new descriptions to the format strings, and sets each one's offset."""
        base, size = 0, len(self.types.format.bytes)
        if any([self.check_correlations(f) for f in all_found if f.is_async]):
            base = (size + 3) & ~3
        made = pipes.Pipes(self.types, base + size + 1 & ~1)
        appended = [(bytes((-len(self.proc.bytes)) & 1), "alignment")] if len(self.proc.bytes) & 1 else []
        offset = len(self.proc.bytes) + len(appended)
        for f in all_found:
            procedures.correct(f.procedure, f.depth_of, self.types)
            if f.is_async:
                def fail(text, f=f):
                    f.function.source.fail(f.function.start, f"{f.name}: {text}")
                procedures.make_pipes(f.procedure, f.pipes, self.slot, made, fail)
                procedures.make_async(f.procedure, self.slot, self.types, base, fail)
            f.offset = offset
            kind = "asynchronous procedure" if f.is_async else "procedure, corrected,"
            appended.append((b"", f"{offset} ({kind} {f.interface}::{f.name})"))
            for part in procedures.encode(f.procedure):
                appended.append(part)
                offset += len(part[0])
        self._append(self.proc, appended, "PROC_FORMAT_STRING_SIZE", offset)
        parts, end = [], size
        if base:
            parts = [(bytes(base - size), "alignment")] if base != size else []
            parts.append((b"", f"{base}: the types again, for frames with one more slot in front"))
            shifted = self.types.shifted(self.slot)
            cuts = [0] + [n for n in self.types.labels if n] + [size]
            parts += [(shifted[a:b], self.types.format.labels.get(a, "")) for a, b in zip(cuts, cuts[1:])]
            end = base + size
        if made.parts:
            parts += [(bytes(end & 1), "alignment")] if end & 1 else []
            parts += made.parts
            end = made.end
        if parts:
            self._append(self.types.format, parts, "TYPE_FORMAT_STRING_SIZE", end)
        for interface in {f.interface: None for f in all_found if f.pipes}:
            self._flag_pipes(interface)

    def _flag_pipes(self, interface):
        """RPC_INTERFACE_HAS_PIPES in the last field of the interface's description."""
        match = self.source.find(rf"^static const RPC_(?:CLIENT|SERVER)_INTERFACE {interface}___Rpc\w+ =\n\{{\n(?:    .*\n)*?    (0),\n\}};",
                                 f"description of interface {interface} with flags of 0")
        self.edits.replace(match.start(1), match.end(1), "RPC_INTERFACE_HAS_PIPES")

    def _append(self, form, parts, size_name, size):
        if size > 0xffff:
            form.fail(0, "the format string becomes too long: 65,535 bytes are the most")
        text = ""
        for data, remark in parts:
            if not data:
                text += f"/* {remark} */\n"
                continue
            numbers = [f"0x{b:02x}" for b in data]
            rows = [", ".join(numbers[i:i + 12]) for i in range(0, len(numbers), 12)]
            text += "        " + ",\n        ".join(rows) + "," + (f"  /* {remark} */" if remark else "") + "\n"
        self.edits.replace(form.end, form.end, text)
        define = self.source.find(rf"^#define {size_name} (\d+)$", size_name)
        if int(define[1]) != len(form.bytes) + 1:
            self.source.fail(define.start(), f"{size_name} is {define[1]}, but the string has {len(form.bytes) + 1} bytes")
        self.edits.replace(define.start(1), define.end(1), str(size + 1))

    def shift_evaluators(self, listed):
        """The routines that compute sizes look at the frame through a structure: it gets the new slot."""
        pattern = re.compile(r"^static void __RPC_USER (\w+)ExprEval_\d+\(PMIDL_STUB_MESSAGE pStubMsg\)\n\{\n"
                             r"(?:#include <pshpack4.h>\n)?    struct _PARAM_STRUCT\n    \{\n", re.M)
        seen = 0
        for match in pattern.finditer(self.source.text):
            seen += 1
            if any(match[1] == f"{interface}_{name}" for interface, name in listed):
                self.edits.replace(match.end(), match.end(), "        PRPC_ASYNC_STATE _AsyncHandle;\n")
        if seen != len(re.findall(r"^static void __RPC_USER \w+ExprEval_\d+\(", self.source.text, re.M)):
            self.source.fail(0, "a routine that computes a size is of a form that is not understood")

    def finish(self):
        """The new text. Of what widl needs for inline stubs only as much stays as they need."""
        text = self.edits.result()
        block = re.search(r"^#ifndef USE_COMPILER_EXCEPTIONS\n.*?^#else /\* USE_COMPILER_EXCEPTIONS \*/\n(.*?)"
                          r"^#endif /\* USE_COMPILER_EXCEPTIONS \*/\n\n", text, re.M | re.S)
        if block:
            rest = text[:block.start()] + text[block.end():]
            if "RpcTry" in rest:
                kept = ("/* The synchronous stubs below need RpcTryExcept and RpcTryFinally: in GCC, those of rpctry.h. */\n"
                        "#ifndef _MSC_VER\n#include <rpctry.h>\n#endif\n" + block[1] + "\n")
                text = text[:block.start()] + kept + text[block.end():]
            else:
                text = rest
                text = re.sub(r"^struct __server_frame\n\{.*?^\};\n\nstatic int __server_filter\(.*?^\}\n\n", "", text,
                              flags=re.M | re.S)
        return re.sub(r"\A(/\*\*\* Autogenerated by WIDL [^\n]*?) - Do not edit",
                      r"\1, asynchronous stubs by async-stubs - Do not edit", text)


def prefix_of(stub, functions):
    """What widl's --prefix-client put in front of every name; None when no interpreted function tells."""
    for function in functions:
        call = CALL.search(body_of(stub.source, function))
        where = stub.procedure_at(int(call[2])) if call else None
        if where and function.name.endswith(where[1]):
            return function.name[:len(function.name) - len(where[1])]
    return None


def is_stub_of(source, functions, function, prefix, name):
    """Whether the inline stub `function` is that of the procedure `name`."""
    if prefix is not None:
        return function.name == prefix + name
    if any(f.name == name for f in functions):
        return function.name == name
    if sum(f.name.endswith(name) for f in functions) > 1:
        source.fail(function.start, f"more than one function can be the stub of {name}")
    return function.name.endswith(name)


def read_client(source, listed, fail_list):
    """The client file's procedures that are listed, and the synchronous ones that are to be corrected, whose body is only
    the place of their offset: {(interface, name): Found}."""
    stub = StubFile(source)
    functions = Function.all(source, "\n{")
    prefix = prefix_of(stub, functions)
    found, unlisted = {}, []
    for function in functions:
        body = body_of(source, function)
        call = CALL.search(body)
        inline = re.search(r"NdrClientInitializeNew\(&_RpcMessage, &__frame->_StubMsg, &(\w+)_StubDesc, (\d+)\);", body)
        if call:
            at = int(call[2])
            where = stub.procedure_at(at)
            if not where:
                source.fail(function.start, f"{function.name}: offset {at} of the format string has no procedure")
            if where in listed:
                found[where] = Found(function, body, *where, procedures.read_interpreted(stub.proc, at, stub.slot))
            elif stub.is_async(at):
                unlisted.append((function, where[1]))
            elif corrected := stub.needs_correction(function, at):
                corrected.body = function.list_end + call.start(2), function.list_end + call.end(2)
                found[where] = corrected
        elif inline:
            for interface, name in listed:
                if interface == inline[1] and is_stub_of(source, functions, function, prefix, name):
                    found[interface, name] = read_inline(stub, function, function.start, body, interface, name,
                                                         int(inline[2]))
    for where, said in listed.items():
        if where not in found:
            fail_list(where, f"{source.path} has no procedure {where[1]} in an interface {where[0]}")
        found[where].pipes = said.pipes
        pipes.declare(found[where].function, said.pipes)
    for function, name in unlisted:
        source.fail(function.start, f"{name} is [async] in the IDL, but not in the list")
    return stub, found


def read_inline(stub, function, at, body, interface, name, number):
    """What an inline stub, which stands at `at`, lets know of its procedure."""
    source = stub.source
    match = re.search(r"\(PFORMAT_STRING\)&" + PROC + r"\.Format\[(\d+)\]", body)
    if "RPC_S_INVALID_BOUND" in body:
        source.fail(at, f"{name}: a [range] in a procedure that widl does not interpret is not supported")
    reader = procedures.InlineReader(stub.proc, stub.types, stub.slot)
    if not match:
        source.fail(at, f"{name}: an inline stub that names no description is not understood")
    procedure = reader.read(int(match[1]), number, function.parameters, "NdrCorrelationInitialize" in body)
    return Found(function, body, interface, name, procedure)


def write_client(stub, found):
    stub.extend(found)
    stub.shift_evaluators([(f.interface, f.name) for f in found if f.is_async])
    for f in found:
        if not f.is_async:
            stub.edits.replace(*f.body, str(f.offset))
            continue
        start, end = f.function.start, f.function.list_end + len(f.body)
        frame = re.search(r"^struct __frame_%s\n\{.*?\Z" % re.escape(f.function.name), stub.source.text[:start],
                          re.M | re.S)
        if frame:
            start = frame.start()
        stub.edits.replace(start, end, client_stub(f, stub.slot))
    return stub.finish()


def client_stub(f, slot):
    names = [handle_name(f.function.name)] + [p.name for p in f.function.parameters]
    call = f"    NdrAsyncClientCall( (PMIDL_STUB_DESC)&{f.interface}_StubDesc,\n"
    indent = " " * call.index("(PMIDL")
    call += f"{indent}(PFORMAT_STRING)&{PROC}.Format[{f.offset}],\n"
    text = prototype(f.function) + "\n{\n"
    if slot == 8:
        return text + call + indent + f",\n{indent}".join(names) + " );\n}\n"
    # The engine reads the frame by the stack's layout: slots of four bytes, whatever the compiler did with the arguments.
    members = [f"        PRPC_ASYNC_STATE {names[0]};"]
    members += [f"        {member(p)}" for p in f.function.parameters]
    text += "#include <pshpack4.h>\n    struct _PARAM_STRUCT\n    {\n" + "\n".join(members)
    text += "\n    } __params;\n#include <poppack.h>\n\n"
    for i, name in enumerate(names):
        cast = "(const void *)" if i and f.function.parameters[i - 1].is_array else ""
        text += f"    __params.{name} = {cast}{name};\n"
    return text + call + indent + "&__params );\n}\n"


def member(p):
    if p.is_array:
        return f"const void *{p.name};"
    if p.type.endswith("*"):
        return f"{p.type}{p.name};"
    # A const parameter is still assigned once.
    return f"{re.sub(r'^const ', '', p.type)} DECLSPEC_ALIGN(4) {p.name};"


def write_header(source, names):
    """`names`: of the functions that became asynchronous, in client and server, with the names of their pipes."""
    edits = Edits(source.text)
    seen = set()
    for function in Function.all(source, ";"):
        if function.name in names:
            seen.add(function.name)
            made = pipes.declare(function, names[function.name])
            types = "".join(pipes.typedef(pipe, element) for pipe, element in made.items())
            edits.replace(function.start, function.list_end, types + prototype(function))
    for name in sorted(names):
        if name not in seen:
            source.fail(0, f"has no prototype of {name}")
    include = source.find(r"^#include <rpcndr.h>\n", "#include <rpcndr.h>")
    edits.replace(include.end(), include.end(), "#include <rpcasync.h>\n")
    text = edits.result()
    return re.sub(r"\A(/\*\*\* Autogenerated by WIDL [^\n]*?) - Do not edit",
                  r"\1, asynchronous stubs by async-stubs - Do not edit", text)
