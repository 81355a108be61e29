#!/usr/bin/env python3
"""Serves the emulated AWS: moto and the mends of sandbox/emulator.

Prints `listening on PORT` once it answers. Everything it holds is in memory and ends with it.
"""

import argparse
import os
import sys
import threading

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")  # AWS's own policies can be attached to roles

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

import emulator
from emulator.cbor_gateway import CborGateway
from emulator.own_services import OwnCalls


class Handler(WSGIRequestHandler):
    """Keeps connections open between calls, and logs one line a call only where asked to."""

    protocol_version = "HTTP/1.1"
    verbose = False

    def log_request(self, code="-", size="-"):
        if self.verbose:
            super().log_request(code, size)


def end_with_stdin():
    """Ends the server when whoever started it has gone: their end of the pipe is then closed."""

    def wait():
        while sys.stdin.buffer.read(4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input is closed")
    parser.add_argument("--verbose", action="store_true", help="log one line a request")
    arguments = parser.parse_args()
    if arguments.end_with_stdin:
        end_with_stdin()
    emulator.extend_moto()
    Handler.verbose = arguments.verbose
    application = CborGateway(OwnCalls(DomainDispatcherApplication(create_backend_app)))
    server = make_server("127.0.0.1", arguments.port, application, threaded=True, request_handler=Handler)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
