"""What the tests of this folder share: programs in the warm prefix, and what tshark finds in a capture of ours."""
import argparse
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
LOGIN = ["games", "RPCTEST", "Secret1!"]


def arguments(*positional):
    """The command line's; the capture of an earlier run is gone."""
    parser = argparse.ArgumentParser()
    for name in ("--wine", "--arch", "--prefix", "--exe", "--capture"):
        parser.add_argument(name, required=True)
    for name in positional:
        parser.add_argument(name)
    options = parser.parse_args()
    if os.path.exists(options.capture):
        os.remove(options.capture)
    return options


def start(options, *command, capture=False):
    """A program in the prefix, Windows' or (--linux) this machine's, whose output can be read."""
    environment = dict(os.environ)
    if capture:
        environment["RPCRT4_CAPTURE"] = "Z:" + options.capture.replace("/", "\\")
    return subprocess.Popen([f"{TOP}/tools/wine-exec", "--wine", options.wine, "--prefix", options.prefix, *command],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment)


def tshark(path, *args):
    found = subprocess.run(["tshark", "-n", "-r", path, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if found.returncode != 0:
        raise SystemExit(f"tshark: {found.stderr}")
    return found.stdout.splitlines()


def fields(path, wanted, *names):
    """The named fields of each packet that `wanted` selects, each a list."""
    options = [x for name in names for x in ("-e", name)]
    lines = tshark(path, "-Y", wanted, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;", *options)
    return [[cell.split(";") if cell else [] for cell in line.split("\t")] for line in lines]


def complaints(path):
    """Malformed packets, bytes that are no RPC, answers whose call_id no request had."""
    found = [f"malformed: {line}" for line in tshark(path, "-Y", "_ws.malformed")]
    found += [f"no RPC: {line}" for line in tshark(path, "-Y", "tcp.len > 0 && tcp.len != 65495 && !dcerpc")[:5]]
    asked = {}
    count = 0
    for stream, kinds, ids in fields(path, "dcerpc", "tcp.stream", "dcerpc.pkt_type", "dcerpc.cn_call_id"):
        known = asked.setdefault(stream[0], set())
        for kind, number in zip(map(int, kinds), ids):
            count += 1
            if kind in (0, 11, 14):
                known.add(number)
            elif kind in (2, 3, 12, 13, 15) and number not in known:
                found.append(f"PDU of type {kind} with the call_id {number}, which nobody asked")
    if count == 0:
        found.append("no PDU in the capture")
    return found
