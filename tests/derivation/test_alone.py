"""The ledger needs SymPy and mpmath, and nothing else: no torch, no time limit, no other room."""

from __future__ import annotations

import subprocess
import sys

import pytest

from companion.derivation import Derivation, DerivationError, Ordered, timelimit
from companion.derivation.vocabulary import alpha, s, sigma, snr, t, x, x_hat
from companion.paths import ROOT

ALONE = """
import signal, sys
del signal.setitimer
vars(sys).pop("monitoring", None)
ALLOWED = {"sympy", "mpmath", "companion"} | sys.stdlib_module_names

class OnlyTheLedger:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        room = name.startswith("companion.derivation") or name == "companion"
        if top not in ALLOWED or (top == "companion" and not room):
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, OnlyTheLedger())
from companion.derivation import *
from companion.derivation.vocabulary import *
c = Derivation("page")
with deferred():
    chain = c.chain("kl", KL(posterior(x), posterior(x_hat)),
        ((snr(s) - snr(t)) / 2 * (x - x_hat)**2, "one"),
        domain=Ordered(s, t), torch="diffcore.bounds.step_weight")
chain.check(torch=False)
print(chain._repr_markdown_())
try:
    Derivation("wrong").chain("wrong", (x + x_hat)**2, (x**2 + x_hat**2, "no"))
except DerivationError as error:
    print(error)
for name in ("torch", "numpy", "gmpy2", "companion.errors", "diffcore"):
    try:
        __import__(name)
    except ImportError as error:
        print(error)
"""


def test_it_runs_with_sympy_and_mpmath_only_and_says_what_is_missing() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "24 points" in done.stdout
    assert "8 wrong variants refuted, no time limit on this platform</summary>" in done.stdout
    assert "Torch was not asked." in done.stdout
    assert "wrong/wrong.1: numeric check failed: left" in done.stdout
    assert done.stdout.count(" is not here") == 5  # the hook does refuse


def test_where_there_is_a_limit_the_page_does_not_speak_of_it() -> None:
    shown = Derivation("a").chain(
        "c", (x + x_hat) ** 2, (x**2 + 2 * x * x_hat + x_hat**2, "expand")
    )
    assert timelimit.can_limit()
    assert "limit" not in shown._repr_markdown_()
    assert "torch" not in shown._repr_markdown_()


# --- torch counterparts by name

SQUARES = (snr(s) - snr(t)) * (x - x_hat) ** 2
WRITTEN = (alpha(s) ** 2 / sigma(s) ** 2 - alpha(t) ** 2 / sigma(t) ** 2) * (x - x_hat) ** 2


def counterpart(alpha_s, sigma_s, alpha_t, sigma_t, x, x_hat):  # type: ignore[no-untyped-def]
    return ((alpha_s / sigma_s) ** 2 - (alpha_t / sigma_t) ** 2) * (x - x_hat) ** 2


def twice(**arguments):  # type: ignore[no-untyped-def]
    return 2 * counterpart(**arguments)


NOT_CALLABLE = 1.0


def compared(name: str) -> float | None:
    d = Derivation("named")
    chain = d.chain(
        "c", SQUARES, (WRITTEN, "SNR"), domain=Ordered(s, t), torch=f"{__name__}.{name}"
    )
    return chain.outcomes[0].torch_error


def test_a_named_counterpart_is_compared() -> None:
    gap = compared("counterpart")
    assert gap is not None
    assert gap <= 1e-10


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("twice", "torch check failed: value: torch"),
        ("missing", r"torch check failed: no counterpart is called '.*\.missing'"),
        ("NOT_CALLABLE", "cannot be called: expected the name of a function"),
    ],
)
def test_a_name_of_something_else_is_one_clear_line(name: str, message: str) -> None:
    with pytest.raises(DerivationError, match=message) as error:
        compared(name)
    assert "\n" not in str(error.value)
