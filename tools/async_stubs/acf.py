"""The list of asynchronous procedures, in the form of an ACF: `interface NAME { [async] Procedure([pipe] parameter); ... }`."""
import pathlib
import re

from .source import StubError

TOKEN = re.compile(r"\s+|//[^\n]*|/\*.*?\*/|(?P<word>\w+)|(?P<mark>[][{}();,])", re.S)


class Listed:
    """What the list says of one procedure, and in which line."""

    def __init__(self, line, pipes):
        self.line, self.pipes = line, pipes


class Reader:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        try:
            text = self.path.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            raise StubError(path, 1, f"cannot be read: {error.strerror}") from None
        self.tokens, at = [], 0
        while at < len(text):
            token = TOKEN.match(text, at)
            line = text.count("\n", 0, at) + 1
            if not token:
                raise StubError(path, line, f"'{text[at]}' is not understood")
            if token["word"] or token["mark"]:
                self.tokens.append((token[0], line))
            at = token.end()
        self.tokens.append(("", text.count("\n") + 1))

    def fail(self, text):
        raise StubError(self.path, self.tokens[0][1], text)

    def next(self):
        return self.tokens.pop(0)[0]

    def is_next(self, what):
        return self.tokens[0][0] == what

    def expect(self, what):
        if not self.is_next(what):
            self.fail(f"'{self.tokens[0][0] or 'the end'}' where '{what}' should be")
        return self.next()

    def name(self, what):
        if not re.fullmatch(r"[A-Za-z_]\w*", self.tokens[0][0]):
            self.fail(f"'{self.tokens[0][0] or 'the end'}' where {what} should be")
        return self.next()


    def pipes(self):
        """The parameters between a procedure's parentheses, all of them pipes."""
        found = []
        while not self.is_next(")"):
            if found:
                self.expect(",")
            self.expect("[")
            if not self.is_next("pipe"):
                self.fail(f"the attribute '{self.tokens[0][0]}' is not understood: only pipe is")
            self.next()
            self.expect("]")
            if self.tokens[0][0] in found:
                self.fail(f"{self.tokens[0][0]} is listed twice")
            found.append(self.name("a parameter's name"))
        self.next()
        return found


def read(path):
    """{(interface, procedure): Listed}, in the order of the file."""
    reader = Reader(path)
    listed, interfaces = {}, 0
    while not reader.is_next(""):
        if reader.is_next("["):
            reader.next()
            # explicit_handle is how widl's stubs are called anyway.
            if not reader.is_next("explicit_handle"):
                reader.fail(f"the interface attribute '{reader.tokens[0][0]}' is not understood")
            reader.next()
            reader.expect("]")
        reader.expect("interface")
        interface = reader.name("the interface's name")
        interfaces += 1
        reader.expect("{")
        while not reader.is_next("}"):
            reader.expect("[")
            if not reader.is_next("async"):
                reader.fail(f"the attribute '{reader.tokens[0][0]}' is not understood: only async is")
            reader.next()
            reader.expect("]")
            line = reader.tokens[0][1]
            procedure = reader.name("a procedure's name")
            reader.expect("(")
            if not reader.is_next(")") and not reader.is_next("["):
                reader.expect(")")
            pipes = reader.pipes()
            reader.expect(";")
            if (interface, procedure) in listed:
                raise StubError(path, line, f"{procedure} is listed twice")
            listed[interface, procedure] = Listed(line, pipes)
        reader.next()
        if reader.is_next(";"):
            reader.next()
    if not interfaces:
        raise StubError(path, 1, "has no interface")
    return listed
