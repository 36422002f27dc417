"""The command lines of tools/install and tools/uninstall."""
import argparse
import os
import sys

from .prefix import Prefix, Refused

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def parser_for(text):
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prefix", metavar="PREFIX", nargs="?", default=os.environ.get("WINEPREFIX"),
                        help="the folder of the Wine prefix; $WINEPREFIX when it is not given")
    return parser


def open_prefix(parser, options):
    if not options.prefix:
        parser.error("say which prefix: `~/.wine` for instance, or set WINEPREFIX")
    return Prefix(options.prefix)


def default_dlls():
    """A release has the DLLs beside the scripts, a source tree in its build."""
    if os.path.isfile(os.path.join(HERE, "x64", "rpcrt4.dll")):
        return HERE
    return os.path.join(os.path.dirname(HERE), "build")


def run(work):
    """Runs a door; its messages are for people."""
    me = os.path.basename(sys.argv[0])
    try:
        sys.exit(work())
    except Refused as error:
        print(f"{me}: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"{me}: {error}; what was done so far is on record: run this again to go on, or uninstall to go back",
              file=sys.stderr)
        sys.exit(1)
