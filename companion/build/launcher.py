"""Become a command that ends with the process which started it: ``launcher.py PARENT COMMAND...``.

On Linux the system kills this process when its parent dies, whatever the parent dies of, and the command
inherits that. Elsewhere the next build ends what is left (`companion.build.processes`). This file runs by
itself: the standard library is all that it may import.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From Linux's ``<sys/prctl.h>``: which signal to get when the parent dies."""


def main(parent: int, command: list[str]) -> None:
    """Replace this process by ``command``, unless ``parent`` has died meanwhile."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == parent:
        os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
    raise SystemExit(1)  # the parent died before this process could end with it
