#!/usr/bin/env python3
"""Runs a program that calls itself over every protocol with RPCRT4_CAPTURE set, and has tshark read the file as it does any
other: each call must be there, request and response, from both ends, and nothing may be malformed.
Usage: check.py WINE ARCH PREFIX PROGRAM CAPTURE"""
import collections
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROTOCOLS = ["ncalrpc", "ncacn_np", "ncacn_ip_tcp"]


def tshark(path, *args):
    found = subprocess.run(["tshark", "-n", "-r", path, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if found.returncode != 0:
        sys.exit(f"tshark: {found.stderr}")
    return found.stdout.splitlines()


def main():
    wine, arch, prefix, program, path = sys.argv[1:]
    if os.path.exists(path):
        os.remove(path)
    environment = dict(os.environ, RPCRT4_CAPTURE="Z:" + path.replace("/", "\\"))
    subprocess.run([f"{TOP}/tools/wine-exec", "--wine", wine, "--arch", arch, "--prefix", prefix, "--", program, "smoke",
                    "rpc"], env=environment, check=True, stdout=subprocess.DEVNULL)
    failures = []
    failures += [f"malformed: {line}" for line in tshark(path, "-Y", "_ws.malformed")]
    # The first part of a PDU that took two packets is a mere segment.
    not_rpc = tshark(path, "-Y", "tcp.len > 0 && tcp.len != 65495 && !dcerpc")
    failures += [f"not dissected: {line}" for line in not_rpc[:5]]
    counts = collections.Counter()
    for line in tshark(path, "-Y", "dcerpc", "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,", "-e",
                       "frame.comment", "-e", "dcerpc.pkt_type"):
        comment, types = line.split("\t")
        side, binding = comment.split(", ")[2].split(" of ")
        for kind in types.split(","):
            counts[side, binding.split(":")[0], int(kind)] += 1
    for protocol in PROTOCOLS:
        for kind, name in ((0, "requests"), (2, "responses"), (11, "binds"), (12, "bind acknowledgements")):
            client, server = (counts[side, protocol, kind] for side in ("client", "server"))
            print(f"{protocol}: {client} {name} of the client, {server} of the server")
            if client == 0 or client != server:
                failures.append(f"{protocol}: {client} {name} of the client, {server} of the server")
    if failures:
        print("\n".join(failures))
        return 1
    os.remove(path)
    return 0


sys.exit(main())
