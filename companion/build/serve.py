"""Serve the rendered book to this machine alone: pages opened as files may not run WebAssembly workers."""

from __future__ import annotations

import errno
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from companion import profiles
from companion.errors import UserError
from companion.paths import ROOT, html_dir

LOOPBACK = "127.0.0.1"


class Handler(SimpleHTTPRequestHandler):
    """Files by the types that browsers insist on, whatever this machine's table says; quietly."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".json": "application/json",
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        """Have the browser ask again: the book may have been built anew."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each file."""


class Server(ThreadingHTTPServer):
    """A browser may break off: *Stop* does."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless the browser has gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(profile: str, port: int) -> Server:
    """A server of the book of ``profile`` at ``port`` (0: any free one), on the loopback address.

    Raises:
        UserError: if that book is not built, or the port cannot be had.
    """
    folder = html_dir(profiles.get(profile).name)
    if not (folder / "index.html").is_file():
        option = "" if profile == "standard" else f" PROFILE={profile}"
        raise UserError(
            f"no book in {folder.relative_to(ROOT)}: expected a rendered one; run make book{option}"
        )
    try:
        return Server((LOOPBACK, port), partial(Handler, directory=str(folder)))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise UserError(
            f"port {port} {'is taken' if taken else f'cannot be had ({error.strerror})'}: "
            "expected a free one; make serve PORT=0 takes any that is"
        ) from error


def serve(profile: str, port: int) -> None:
    """Serve until Ctrl-C.

    Raises:
        UserError: as `server`.
    """
    with server(profile, port) as serving:
        print(f"open http://{LOOPBACK}:{serving.server_port}/ (Ctrl-C ends it)", flush=True)  # noqa: T201
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            print()  # noqa: T201
