"""``python -m companion``."""

import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Until the command line can say a line for it, Ctrl-C ends this process without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

try:
    from companion.cli import main
except (ImportError, OSError, SyntaxError) as error:
    print(f"error: {error}: expected this repository and its lock; run make env", file=sys.stderr)  # noqa: T201
    raise SystemExit(2) from None

raise SystemExit(main())
