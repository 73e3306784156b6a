"""The kernel that executes a notebook ends with the process that starts it, and speaks to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config

from companion.build import processes


class LaunchedKernel(AsyncKernelManager):
    """What Jupyter starts, through `processes.launched`, with its output beside its connection file."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command line of the kernel."""
        return processes.launched(super().format_kernel_cmd(extra_arguments))

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override] # theirs is typed by hand
        """Start the kernel; an interrupted one says so on its stderr, which is not the user's."""
        with words_of(Path(self.connection_file)).open("wb") as words:
            await super().start_kernel(**options, stdout=words, stderr=words)


def config(connection_file: Path) -> Config:
    """Return how to reach the kernel: by sockets beside ``connection_file``, never by ports, which collide.

    Raises:
        UserError: if the path is too long for a socket.
    """
    sockets = processes.socket_in(connection_file.parent, connection_file.stem)
    transport = {"transport": "ipc", "ip": sockets, "connection_file": str(connection_file)}
    return Config({"KernelManager": transport})


def words_of(connection_file: Path) -> Path:
    """Return the file of what the kernel itself says, where no cell is to show it."""
    return connection_file.with_suffix(".words")
