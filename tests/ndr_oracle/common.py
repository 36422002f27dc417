"""What the oracles share: ndr_samples (host/samples.cpp), run and listened to."""
import subprocess


def lines_of(program, *arguments, lines=None):
    """What it says, as {name: bytes}. Its failures are on standard error, and end this."""
    done = subprocess.run([program, *arguments], check=True, stdout=subprocess.PIPE, text=True,
                          input=None if lines is None else "".join(f"{n} {d.hex()}\n" for n, d in lines.items()))
    return {name: bytes.fromhex(data) for name, data in (line.split() for line in done.stdout.splitlines())}


# What impacket fills gaps with, where we have zeros; the rule says that gaps may hold anything ([C706] 14.2.2).
GAP = {0xAB, 0xBB, 0xBC, 0xBD, 0xBE, 0xBF}


def same_but_for_choices(ours, theirs):
    """Referent ids are anybody's choice but for 0; ours are 0x20000 and what follows, which is no value of any sample."""
    if len(ours) != len(theirs):
        return False
    for at in range(0, len(ours), 4):
        a, b = ours[at:at + 4], theirs[at:at + 4]
        if a[1:] == b"\0\2\0" and a[0] % 4 == 0:
            if not any(b):
                return False
        elif any(x != y and not (x == 0 and y in GAP) for x, y in zip(a, b)):
            return False
    return True


class Failures:
    def __init__(self):
        self.count = 0

    def expect(self, truth, text):
        if not truth:
            print(text)
            self.count += 1
