"""Tables that are committed beside a chapter, and read back only if they are what was committed."""

from __future__ import annotations

from importlib.resources import files as resources

from companion.errors import UserError
from companion.files import text_sha256


def text(package: str, name: str, sha256: str) -> str:
    """What a file in the folder ``data`` of a package says; a line may end as the machine likes.

    Args:
        package: as it is imported.
        name: of the file.
        sha256: of its text.

    Raises:
        UserError: if the file is missing, or is not the one that was committed.
    """
    path = resources(package) / "data" / name
    found = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
    if text_sha256(found) != sha256:
        raise UserError(
            f"measured table {name} is missing or not the one that was committed: expected its SHA-256; "
            f"restore it (git checkout {package.replace('.', '/')}/data/{name})"
        )
    return found
