"""The server's file: the dispatch table, the offsets and the routines of asynchronous procedures."""
import re

from . import pipes, procedures
from .rewrite import Found, StubFile, read_inline
from .source import Function


class Table:
    """A static array: its entries with their places."""

    def __init__(self, source, declaration, what):
        match = source.find(r"^static (?:const )?" + declaration + r"\[\] =\n\{\n(?P<entries>.*?)\n\};", what, re.M | re.S)
        self.name = match["name"]
        self.entries = []  # (start, end, text, remark)
        at = match.start("entries")
        for line in match["entries"].split("\n"):
            entry = re.fullmatch(r"(    )(?:\(void \*\))?([\w.&]+)(,?)(?:  /\* (\w+) \*/)?", line)
            if not entry:
                source.fail(at, f"an entry of {self.name} is not understood: {line.strip()}")
            self.entries.append((at + entry.start(2), at + entry.end(2), entry[2], entry[4]))
            at += len(line) + 1


class Interface:
    def __init__(self, source, name):
        self.name = name
        if not re.search(rf"^static const MIDL_SERVER_INFO {name}_ServerInfo =$", source.text, re.M):
            source.fail(0, f"interface {name} has no MIDL_SERVER_INFO: have widl make interpreted stubs (-Oicf)")
        self.offsets = Table(source, rf"unsigned short (?P<name>{name}_FormatStringOffsetTable)", f"offset table of {name}")
        self.dispatch = Table(source, rf"RPC_DISPATCH_FUNCTION (?P<name>{name}_table)", f"dispatch table of {name}")
        self.routines = Table(source, rf"SERVER_ROUTINE (?P<name>{name}_ServerRoutineTable)", f"routine table of {name}")
        count = len(self.offsets.entries)
        if len(self.dispatch.entries) != count + 1 or len(self.routines.entries) != count:
            source.fail(self.offsets.entries[0][0], f"the tables of interface {name} are not of one length")


def read_server(source, header, listed, fail_list):
    """The server file and its procedures that are listed. The prototypes come from the header."""
    stub = StubFile(source)
    prototypes = Function.all(header, ";")
    interfaces, found = {}, []
    for where in listed:
        name, procedure_name = where
        if f"{name}___RpcServerInterface" not in source.text:
            fail_list(where, f"{source.path} has no interface {name}")
        if name not in interfaces:
            interfaces[name] = Interface(source, name)
        interface = interfaces[name]
        remarks = [entry[3] for entry in interface.offsets.entries]
        if procedure_name not in remarks:
            fail_list(where, f"{source.path} has no procedure {procedure_name} in interface {name}")
        found.append(read_procedure(stub, interface, remarks.index(procedure_name), procedure_name, prototypes))
        found[-1].pipes = listed[where].pipes
        pipes.declare(found[-1].function, found[-1].pipes)
    for interface in {where[0]: None for where in map(stub.procedure_at, stub.proc.labels) if where}:
        if interface not in interfaces:
            interfaces[interface] = Interface(source, interface)
        found += read_unlisted(stub, interfaces[interface], listed, prototypes)
    return stub, interfaces, found


def read_unlisted(stub, interface, listed, prototypes):
    """The synchronous procedures of which widl's description is to be corrected."""
    for number, (start, _, offset, _) in enumerate(interface.offsets.entries):
        where = stub.procedure_at(int(offset))
        if not where or where in listed or interface.dispatch.entries[number][2] != "NdrServerCall2":
            continue
        if stub.is_async(int(offset)):
            stub.source.fail(start, f"{where[1]} is [async] in the IDL, but not in the list")
        function = find_prototype(stub, interface, number, prototypes)
        if corrected := stub.needs_correction(function, int(offset)):
            yield corrected


def find_prototype(stub, interface, number, prototypes):
    start, _, routine, _ = interface.routines.entries[number]
    function = next((f for f in prototypes if f.name == routine), None)
    if not function:
        stub.source.fail(start, f"{routine} has no prototype in the header")
    return function


def read_procedure(stub, interface, number, name, prototypes):
    function = find_prototype(stub, interface, number, prototypes)
    at = int(interface.offsets.entries[number][2])
    dispatch_at, _, dispatch, _ = interface.dispatch.entries[number]
    if dispatch == "NdrServerCall2":
        if stub.procedure_at(at) != (interface.name, name):
            stub.source.fail(interface.offsets.entries[number][0], f"offset {at} of the format string is not {name}'s")
        procedure = procedures.read_interpreted(stub.proc, at, stub.slot)
        found = Found(function, None, interface.name, name, procedure)
    else:
        body = re.search(rf"^void __RPC_STUB {dispatch}\( PRPC_MESSAGE _pRpcMessage \)\n\{{.*?^\}}\n", stub.source.text,
                         re.M | re.S)
        if not body:
            stub.source.fail(dispatch_at, f"the stub {dispatch} is not understood")
        found = read_inline(stub, function, body.start(), body[0], interface.name, name, number)
        found.body = body
    if found.procedure.number != number:
        stub.source.fail(dispatch_at, f"{name} is method {found.procedure.number} by its description, {number} by its place")
    return found


def write_server(stub, interfaces, found):
    stub.extend(found)
    stub.shift_evaluators([(f.interface, f.name) for f in found if f.is_async])
    for f in found:
        interface, number = interfaces[f.interface], f.procedure.number
        start, end, _, _ = interface.offsets.entries[number]
        stub.edits.replace(start, end, str(f.offset))
        start, end, dispatch, _ = interface.dispatch.entries[number]
        if f.is_async:
            stub.edits.replace(start, end, "NdrAsyncServerCall")
        if f.body:
            frame = re.search(rf"^struct __frame_{dispatch}\n\{{.*?\Z", stub.source.text[:f.body.start()], re.M | re.S)
            start = frame.start() if frame else f.body.start()
            stub.edits.replace(start, f.body.end(), "")
    return stub.finish()
