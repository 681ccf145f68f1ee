#!/usr/bin/env python3
"""Refuses every call that comes in with 486 Busy Here, until Ctrl-C:

    python3 examples/do_not_disturb.py

Needs nothing but Python: the XML API is UTF-8 documents on a Unix socket, one NUL byte between two.
"""

import os
import socket
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from xml.sax.saxutils import quoteattr


def socket_path():
    """Where the service listens: as the service looks for it itself."""
    runtime = os.environ.get("PARTYLINE_RUNTIME_DIR")
    if not runtime:
        xdg = os.environ.get("XDG_RUNTIME_DIR")
        runtime = Path(xdg, "partyline") if xdg else Path.home() / ".partyline" / "run"
    return str(Path(runtime, "api.sock"))


def documents(connection):
    """Every document of the service as an element, until it hangs up."""
    rest = b""
    while chunk := connection.recv(65536):
        *whole, rest = (rest + chunk).split(b"\0")
        for text in whole:
            yield ElementTree.fromstring(text)


def main():
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(socket_path())
        connection.sendall(b'<Subscribe req="calls" to="calls"/>\0')
        for document in documents(connection):
            if document.tag == "Result" and document.get("status") == "error":
                print("refused:", document.find("Error").get("detail"), flush=True)
            call = document.find("Call") if document.tag == "Event" else None
            if call is not None and call.get("dir") == "in" and call.get("state") == "incoming":
                handle = call.get("call")
                command = f"<Decline req={quoteattr(handle)} call={quoteattr(handle)} code=\"486\"/>\0"
                connection.sendall(command.encode())
                print("busy for", call.get("display") or call.get("id"), flush=True)
            elif document.tag == "Result" and document.get("req") == "calls":
                print("Nobody disturbs you now.", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
