#!/usr/bin/env python3
"""Shows a conversation built by the wire room to tshark and compares what it finds. Exit status: 0 agreed, 1 not, 77 no
tshark here. Usage: lint.py PROGRAM [CAPTURE-TO-KEEP]"""
import os
import shutil
import struct
import subprocess
import sys
import tempfile

PORT = 49152
FIELDS = ["frame.number", "dcerpc.pkt_type", "dcerpc.cn_flags", "dcerpc.cn_frag_len", "dcerpc.cn_auth_len",
          "dcerpc.cn_call_id", "dcerpc.opnum", "dcerpc.cn_status"]

# A refused bind is a warning to tshark, and it does not know ncalrpc's floor.
EXPECTED = ["Bind not acknowledged", "RightHandSide not decoded yet for proto_id 0xc"]


def capture(pdus, path):
    """One TCP segment per PDU, Ethernet frames, in the libpcap format."""
    sequence = {"C": 1, "S": 1}
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number, (who, raw) in enumerate(pdus):
            other = "S" if who == "C" else "C"
            ports = (50000, PORT) if who == "C" else (PORT, 50000)
            tcp = struct.pack("!HHIIBBHHH", *ports, sequence[who], sequence[other], 5 << 4, 0x18, 65535, 0, 0) + raw
            sequence[who] += len(raw)
            ends = (b"\x7f\0\0\1", b"\x7f\0\0\2") if who == "C" else (b"\x7f\0\0\2", b"\x7f\0\0\1")
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), number, 0, 64, 6, 0, *ends) + tcp
            frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip
            out.write(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)


def tshark(path, *args):
    command = ["tshark", "-n", "-r", path, "-d", f"tcp.port=={PORT},dcerpc", "-o", "tcp.desegment_tcp_streams:TRUE",
               "-o", "dcerpc.desegment_dcerpc:FALSE", "-o", "dcerpc.reassemble_dcerpc:FALSE", *args]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def number(text):
    return int(text, 0) if text else None


def main():
    if not shutil.which("tshark"):
        print("skipped: tshark is missing (Debian package tshark)")
        return 77
    lines = subprocess.run([sys.argv[1]], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    if len(rows) < 20:
        print(f"only {len(rows)} PDUs were built")
        return 1
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = sys.argv[2] if len(sys.argv) > 2 else os.path.join(folder, "wire.pcap")
        capture([(row[0], bytes.fromhex(row[1])) for row in rows], path)
        for line in tshark(path, "-Y", "_ws.malformed || _ws.unreassembled").splitlines():
            print(f"malformed: {line}")
            wrong += 1
        warnings = tshark(path, "-Y", "_ws.expert.severity >= \"Warning\"", "-T", "fields", "-E", "aggregator=\n",
                          "-e", "_ws.expert.message")
        for line in filter(None, warnings.splitlines()):
            if line not in EXPECTED:
                print(f"warning: {line}")
                wrong += 1
        seen = [line.split("\t") for line in tshark(path, "-T", "fields", *(x for f in FIELDS for x in ("-e", f))).splitlines()]
    if len(seen) != len(rows):
        print(f"{len(rows)} PDUs were sent, {len(seen)} frames seen")
        return 1
    for row, found in zip(rows, seen):
        want = [int(row[2]), number(row[3]), int(row[4]), int(row[5]), int(row[6])]
        got = [number(text) for text in found[1:6]]
        detail = number(row[7])
        # tshark names a response's opnum too, which it knows from the request.
        got_detail = number(found[7]) if row[2] == "3" else number(found[6]) if row[2] == "0" else None
        if want != got or detail != got_detail:
            print(f"frame {found[0]}: sent {want} {detail}, tshark sees {got} {got_detail}")
            wrong += 1
    print(f"{len(rows)} PDUs, {wrong} complaints")
    return 1 if wrong else 0


sys.exit(main())
