"""``python -m companion``."""

import sys

try:
    from companion.cli import main
except (ImportError, OSError, SyntaxError) as error:
    print(f"error: {error}: expected this repository and its lock; run make env", file=sys.stderr)  # noqa: T201
    raise SystemExit(2) from None

raise SystemExit(main())
