"""``python -m tests.campaign kills|inputs -n N --seed S``: counts; exit status 1 if anything is lost."""

from __future__ import annotations

import argparse
from importlib import import_module

PARTS = {
    "kills": "end builds at random moments, then compare with an undisturbed build, byte for byte",
    "inputs": "give malformed arguments, files and tensors, and ask for one clear line",
    "functions": "call diffcore with what has no meaning, and ask for one clear line or the right numbers",
}


def main() -> int:
    """Run one part of the campaign: ``run(n, seed)`` of its module says whether all went well."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    for name, words in PARTS.items():
        part = parts.add_parser(name, help=words)
        part.add_argument("-n", type=int, default=200, help="how many (200)")
        part.add_argument("--seed", type=int, default=0, help="of every choice that is drawn (0)")
    chosen = parser.parse_args()
    return 0 if import_module(f"tests.campaign.{chosen.part}").run(chosen.n, chosen.seed) else 1


if __name__ == "__main__":
    raise SystemExit(main())
