"""Procedure format strings: what widl says of a synchronous procedure, and what an asynchronous one must say."""
from . import types as fc

MUST_SIZE, MUST_FREE, PIPE, IN, OUT, RETURN, BASE, BY_VALUE, SIMPLE_REF = (
    0x0001, 0x0002, 0x0004, 0x0008, 0x0010, 0x0020, 0x0040, 0x0080, 0x0100)
ALLOCATE_8 = 0x2000                           # the server's engine provides 8 bytes
HAS_RPC_FLAGS, NEW_INITIALISATION = 0x08, 0x40
SERVER_SIZES, CLIENT_SIZES, HAS_RETURN, HAS_PIPES, HAS_EXTENSION, HAS_ASYNC = 0x01, 0x02, 0x04, 0x08, 0x40, 0x80
NOTIFIES = 0x18                               # of the extension's flags
ASYNC_IN_IDL = 0x4000                         # widl's mark of [async] among the rpc_flags; the runtime knows none
BIND_GENERIC, BIND_PRIMITIVE, BIND_CONTEXT = 0x31, 0x32, 0x30
IMPLICIT = (0x31, 0x32, 0x33)                 # generic, primitive, auto
FLOAT, DOUBLE, HYPER, ENUM16 = 0x0a, 0x0c, 0x0b, 0x0d
BASE_TYPES = range(0x01, 0x11)


class Parameter:
    def __init__(self, attributes, stack, type_, label):
        self.attributes, self.stack, self.type, self.label = attributes, stack, type_, label

    def encode(self):
        return word(self.attributes) + word(self.stack) + word(self.type)


def word(value):
    return value.to_bytes(2, "little")


class Procedure:
    """One procedure as an interpreter reads it."""

    def __init__(self, number):
        self.number = number
        self.handle_type = 0
        self.oi_flags = HAS_RPC_FLAGS | NEW_INITIALISATION
        self.rpc_flags = 0
        self.stack_size = 0
        self.binding = b""         # the explicit handle's description; its stack offset is at 2
        self.client_size = self.server_size = 0
        self.flags = 0
        self.extension = b""
        self.parameters = []


def read_interpreted(form, at, slot):
    """The procedure at `at`, as widl -Oicf describes it."""
    p = Procedure(0)
    start = at
    p.handle_type, p.oi_flags = form.byte(at), form.byte(at + 1)
    if p.handle_type not in (0,) + IMPLICIT:
        form.fail(at, f"a procedure with a handle of type {p.handle_type:#04x} cannot be asynchronous")
    if p.oi_flags & ~(HAS_RPC_FLAGS | NEW_INITIALISATION):
        form.fail(at + 1, f"interpreter flags {p.oi_flags:#04x} are not understood")
    at += 2
    if p.oi_flags & HAS_RPC_FLAGS:
        p.rpc_flags = form.word(at) | form.word(at + 2) << 16
        at += 4
    p.number, p.stack_size = form.word(at), form.word(at + 2)
    at += 4
    if p.handle_type == 0:
        size = {BIND_PRIMITIVE: 4, BIND_GENERIC: 6, BIND_CONTEXT: 6}.get(form.byte(at))
        if not size:
            form.fail(at, f"a handle of type {form.byte(at):#04x} is not understood")
        form.need(at, size)
        p.binding = bytes(form.bytes[at:at + size])
        at += size
    p.client_size, p.server_size, p.flags = form.word(at), form.word(at + 2), form.byte(at + 4)
    count = form.byte(at + 5)
    if p.flags & ~(SERVER_SIZES | CLIENT_SIZES | HAS_RETURN | HAS_EXTENSION):
        form.fail(at + 4, f"procedure flags {p.flags:#04x} are not understood")
    at += 6
    if p.flags & HAS_EXTENSION:
        size = form.byte(at)
        if size < 8:
            form.fail(at, f"an extension of {size} bytes is not understood")
        form.need(at, size)
        p.extension = bytes(form.bytes[at:at + size])
        if p.extension[1] & NOTIFIES:
            form.fail(at, "[notify] is not supported")
        at += size
    for _ in range(count):
        q = Parameter(form.word(at), form.word(at + 2), form.word(at + 4), form.labels.get(at, ""))
        if at not in form.labels or q.stack % slot or q.attributes & PIPE:
            form.fail(at, "a parameter's description is not understood")
        p.parameters.append(q)
        at += 6
    if at != len(form.bytes) and at not in form.labels:
        form.fail(start, "this procedure's description is longer than it says")
    return p


class InlineReader:
    """A procedure that widl does not interpret (it returns a float, a double or, on x86, a hyper): the older descriptors,
    from which the interpreter's are made."""

    KINDS = {0x4e: IN, 0x4d: IN, 0x4f: IN, 0x50: IN | OUT, 0x51: OUT, 0x53: OUT | RETURN, 0x52: OUT | RETURN}

    def __init__(self, form, types, slot):
        self.form, self.types, self.slot = form, types, slot

    def read(self, at, number, c_parameters, new_correlations):
        p = Procedure(number)
        p.extension = bytes([8, 1 if new_correlations else 0]) + bytes(6)
        p.flags = HAS_EXTENSION
        offset = 0
        for c in c_parameters:
            attributes = self.KINDS.get(self.form.byte(at))
            if self.form.labels.get(at) != f"parameter {c.name}" or not attributes or attributes & RETURN:
                self.form.fail(at, f"the description of parameter {c.name} is not understood")
            if self.form.byte(at) == 0x4e:
                type_ = self.form.byte(at + 1)
                at, slots = at + 2, (8 // self.slot if type_ in (HYPER, DOUBLE) else 1)
                if type_ == 0x0f:  # FC_IGNORE: the handle
                    p.binding = bytes([BIND_PRIMITIVE, 0]) + word(offset)
                else:
                    self._add(p, attributes | BASE, offset, type_, c.name)
            else:
                slots, type_ = self.form.byte(at + 1), self.form.word(at + 2)
                at += 4
                self._add(p, *self._describe(attributes, offset, type_), c.name)
                q = p.parameters[-1]
                is_context = not q.attributes & BASE and self.types.format.byte(q.type) == fc.CONTEXT
                if is_context and attributes & IN and not p.binding:
                    p.binding = self._context(q, q.type)
            offset += slots * self.slot
        at, size = self._result(p, at, offset)
        p.stack_size = offset + size
        if not p.binding:
            self.form.fail(at, "a procedure without a handle of its own must be interpreted to be asynchronous")
        return p

    def _result(self, p, at, offset):
        kind = self.form.byte(at)
        if kind == 0x5b:  # FC_END: void
            return at + 2, 0
        if kind != 0x53:
            self.form.fail(at, "the description of the return value is not understood")
        type_ = self.form.byte(at + 1)
        self._add(p, OUT | RETURN | BASE, offset, type_, "return value")
        return at + 2, (8 if type_ in (HYPER, DOUBLE) else self.slot)

    def _context(self, q, type_):
        return bytes([BIND_CONTEXT, self.types.format.byte(type_ + 1)]) + word(q.stack) + \
            bytes([self.types.format.byte(type_ + 2), 0])

    def _add(self, p, attributes, stack, type_, name):
        size = 0
        if attributes & BASE:
            if type_ not in BASE_TYPES:
                self.form.fail(0, f"{name}: base type {type_:#04x} is not understood")
            size = 16 if type_ in (HYPER, DOUBLE) else 8
        elif not attributes & MUST_SIZE:
            size = 36  # a context handle and its alignment, or less
        if attributes & IN:
            p.client_size += size
            p.flags |= CLIENT_SIZES if attributes & MUST_SIZE else 0
        if attributes & OUT:
            p.server_size += size
            p.flags |= SERVER_SIZES if attributes & MUST_SIZE else 0
        p.flags |= HAS_RETURN if attributes & RETURN else 0
        label = name if attributes & RETURN else f"parameter {name}"
        p.parameters.append(Parameter(attributes, stack, type_, label))

    def _describe(self, attributes, stack, type_):
        """(attributes, stack, type) of a parameter whose type is in the type format string at `type_`."""
        form = self.types.format
        sized = attributes | MUST_SIZE | MUST_FREE
        provided = 0 if attributes & IN else ALLOCATE_8
        kind, bits = form.byte(type_), form.byte(type_ + 1)
        if kind == fc.REFERENCE:
            target = type_ + 2 if bits & fc.SIMPLE else form.relative(type_ + 2)
            pointee = form.byte(target)
            if bits & fc.DEREFERENCED:
                return sized | ALLOCATE_8, stack, type_
            if bits & fc.SIMPLE and pointee == ENUM16:
                return attributes | ALLOCATE_8, stack, type_
            if bits & fc.SIMPLE and pointee in BASE_TYPES:
                return attributes | BASE | SIMPLE_REF | provided, stack, pointee
            if pointee == fc.CONTEXT:
                return attributes | SIMPLE_REF, stack, target
            return sized | SIMPLE_REF, stack, target
        if kind in fc.POINTERS:
            return sized, stack, type_
        if kind in (fc.CONTEXT,):
            return attributes, stack, type_
        if kind == fc.RANGE:
            return attributes | BY_VALUE, stack, type_
        if kind in fc.STRUCTURES:
            in_slot = self.slot == 4 or self.types.size_in_memory(type_) in (1, 2, 4, 8)
            return sized | (BY_VALUE if in_slot else SIMPLE_REF), stack, type_
        if kind in fc.ARRAYS or kind in fc.STRINGS:
            return sized | SIMPLE_REF, stack, type_
        return form.fail(type_, f"a parameter of type {kind:#04x} must be interpreted to be asynchronous")


def correct(p, depth_of, types):
    """Puts right what widl 7 gets wrong. True when there was something."""
    before = len(p.parameters)
    wrong = False
    if p.binding and p.binding[0] == BIND_PRIMITIVE:
        # It describes a handle_t as a long, but nothing of a handle is on the wire.
        handle = int.from_bytes(p.binding[2:4], "little")
        p.parameters = [q for q in p.parameters if q.stack != handle or not q.attributes & BASE]
        wrong = len(p.parameters) != before
    for q in p.parameters:
        if not q.attributes & (BASE | SIMPLE_REF | RETURN):
            right = types.skipped_reference(q.type, depth_of(q.label.removeprefix("parameter ")))
            wrong |= right != q.type
            q.type = right
    return wrong


def make_pipes(p, names, slot, pipes, fail):
    """Turns the parameters `names` of `p`, pointers to an element each, into pipes."""
    for name in names:
        q = next((q for q in p.parameters if q.label == f"parameter {name}"), None)
        if not q or not q.attributes & SIMPLE_REF or q.attributes & (IN | OUT) == (IN | OUT):
            fail(f"{name} is to be a pipe: one that is [in] or [out], a pointer to an element")
        q.type = pipes.add(bool(q.attributes & BASE), q.type, fail)
        q.attributes = PIPE | SIMPLE_REF | q.attributes & (IN | OUT)
        if q.attributes & OUT:
            q.attributes |= 4 * slot // 8 << 13  # the server's engine provides the pipe's structure
        p.flags |= HAS_PIPES


def make_async(p, slot, types, type_base, fail):
    """Turns `p` into its asynchronous form: one slot more in front of everything. `type_base` is where the shifted copy
    of the type format string begins."""
    if p.rpc_flags & ~ASYNC_IN_IDL & 0xffff0000:
        fail(f"rpc_flags {p.rpc_flags:#x} are not understood")
    if p.binding:
        p.binding = p.binding[:2] + word(int.from_bytes(p.binding[2:4], "little") + slot) + p.binding[4:]
    p.rpc_flags &= ~ASYNC_IN_IDL
    p.oi_flags |= HAS_RPC_FLAGS  # the asynchronous interpreters always read them
    p.stack_size += slot
    p.flags |= HAS_ASYNC
    for q in p.parameters:
        q.stack += slot
        if q.attributes & (BASE | PIPE):
            continue
        if q.attributes & RETURN and (q.attributes & SIMPLE_REF or types.format.byte(q.type) in fc.STRUCTURES):
            fail("an asynchronous procedure cannot return a structure")
        q.type += type_base
    if slot == 8:
        p.flags |= HAS_EXTENSION
        rest = p.extension.ljust(10, b"\0")[1:]
        p.extension = bytes([len(rest) + 1]) + rest[:7] + word(float_mask(p)) + rest[9:]


def float_mask(p):
    """Which of the four register arguments are float (1) or double (2), two bits each."""
    mask = 0
    for q in p.parameters:
        if q.attributes & BASE and not q.attributes & (SIMPLE_REF | RETURN) and q.stack < 32:
            mask |= {FLOAT: 1, DOUBLE: 2}.get(q.type, 0) << (q.stack // 8 * 2)
    return mask


def encode(p):
    """[(bytes, remark)] of the whole description."""
    parts = [(bytes([p.handle_type, p.oi_flags]), "implicit handle" if p.handle_type else "explicit handle"),
             (word(p.number), f"method {p.number}"),
             (word(p.stack_size), f"stack size = {p.stack_size}")]
    if p.oi_flags & HAS_RPC_FLAGS:
        parts.insert(1, (p.rpc_flags.to_bytes(4, "little"), "rpc_flags"))
    if p.binding:
        offset = int.from_bytes(p.binding[2:4], "little")
        parts.append((p.binding, f"binding handle, stack offset = {offset}"))
    parts += [(word(p.client_size), f"client buffer = {p.client_size}"),
              (word(p.server_size), f"server buffer = {p.server_size}"),
              (bytes([p.flags, len(p.parameters)]), f"{len(p.parameters)} params")]
    if p.extension:
        parts.append((p.extension, "extension"))
    for q in p.parameters:
        parts.append((q.encode(), f"{q.label}: flags {q.attributes:#x}, stack offset = {q.stack}"))
    return parts
