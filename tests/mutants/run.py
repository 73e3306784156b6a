"""A seeded sample of one-line mutants of a package, each run against the tests that cover its line.

    make mutants PACKAGE=diffcore N=200 SEED=0

Outside ``make test``: an hour, and a measurement rather than a check. What it does:

1. copies the checkout's files to ``_build/mutants/copy``; nothing is ever changed outside of it;
2. runs every test file once under coverage (kept by content in ``_build/mutants/coverage``), with
   one harmless line added to every module: a test that fails now fails on *any* change, and is left out;
3. draws N mutants (`mutations.py`), applies each to the copy, and runs the covering tests, the
   fast and specific ones first, in a process forked from one that has imported torch and SymPy;
   one that passes them runs through all others that cover it, within ``SECONDS``;
4. writes ``_build/mutants/PACKAGE.csv``, one row a mutant, as it goes. Killed, it resumes; with
   ``--again`` it runs those that survived again (after tests were added).

No kept library does it here: mutmut 3 changes functions only (no class fields, defaults, module constants),
cosmic-ray starts a new interpreter per mutant and does not choose tests by line; neither samples.

Left out, because what covers it builds books or starts Snakemake: ``NOT_SAMPLED`` and ``NOT_RUN``.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import pytest
from mutations import Mutant, of_file
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "_build" / "mutants"
COPY = OUT / "copy"
WARM = "torch numpy pandas sympy mpmath scipy.integrate scipy.special matplotlib.pyplot rich"
WARM += " sklearn.datasets hypothesis coverage pytest_timeout _hypothesis_pytestplugin safetensors.torch"
NOT_SAMPLED = ["companion/build/*", "companion/cli*", "companion/__main__.py"]
NOT_SAMPLED += ["companion/chapters/*/figures.py"]  # drawn by notebooks, compared by `make check`
SAMPLED = ("companion/build/records.py", "companion/build/results.py")
NOT_RUN = {
    *("test_pipeline", "test_results", "test_leaves", "test_faults", "test_book", "test_browser"),
    *("test_environment", "test_makefile", "test_shards", "test_interruptions"),
}
MARKED = "not book and not browser and not slow"
PYTEST = ["-p", "no:xdist", "-p", "no:randomly", "-p", "no:cacheprovider", "-q", "-m", MARKED]
JUDGES = {  # the folders of tests that a package answers to
    "diffcore": ["diffcore", "peers", "chapters"],
    "companion": ["build", "chapters", "derivation", "evidence", "peers", "runs", "study"],
}
FIRST, SECONDS = 6, 40.0  # tests run first; seconds (as recorded) that the others may take
COLUMNS = ["mutant", "outcome", "by", "tests", "seconds"]


class Recorder:
    """A pytest plugin: seconds, failures and, given a tracer, the lines of each test function."""

    def __init__(self, tracer=None) -> None:
        self.tracer, self.seconds, self.failed = tracer, defaultdict(float), []

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        if self.tracer:
            self.tracer.switch_context(_function(item.nodeid))
        yield
        if self.tracer:
            self.tracer.switch_context("")

    def pytest_runtest_logreport(self, report) -> None:
        self.seconds[_function(report.nodeid)] += report.duration
        if report.failed:
            self.failed.append(_function(report.nodeid))

    def pytest_collectreport(self, report) -> None:
        if report.failed:
            self.failed.append(f"{report.nodeid} (import)")


def _function(nodeid: str) -> str:
    return nodeid.split("[")[0]


def in_fork(arguments: list[str], seconds: float, traced: bool = False) -> dict:
    """Run pytest on the copy in a fork; return its code, failures, seconds and lines.

    ``seconds`` are of the processor, so that a busy machine catches no mutant; one that waits for
    ever is killed after ten times as many by the clock.
    """
    answer = OUT / "answer.json"
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 3))
        log = os.open(OUT / "last.log", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(COPY)
        sys.path[:0] = [str(COPY)]
        tracer = None
        if traced:
            import coverage

            source = [str(COPY / "diffcore"), str(COPY / "companion")]
            tracer = coverage.Coverage(data_file=None, source=source, config_file=False)
            tracer.start()
        recorder = Recorder(tracer)
        code = pytest.main([*PYTEST, *arguments], [recorder])
        lines: dict = defaultdict(lambda: defaultdict(list))
        if tracer:
            tracer.stop()
            data = tracer.get_data()
            for file in data.measured_files():
                for line, contexts in data.contexts_by_lineno(file).items():
                    for context in contexts:
                        lines[context][str(Path(file).relative_to(COPY))].append(line)
        found = {"code": int(code), "failed": recorder.failed, "seconds": recorder.seconds}
        answer.write_text(json.dumps(found | {"lines": lines}))
        os._exit(0)
    waited = 0.0  # by counting, not by the clock: a run that was stopped and went on has not waited
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        time.sleep(0.02)
        waited += 0.02
        if waited > 10 * seconds:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            break
    if not answer.exists():
        return {"code": -1, "failed": ["time limit, or a crash"], "seconds": {}, "lines": {}}
    return json.loads(answer.read_text())


def copy_checkout() -> None:
    """Copy the files that git knows or would add to ``COPY``, compiled."""
    shutil.rmtree(COPY, ignore_errors=True)
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "diffcore", "companion"], cwd=COPY)


def covered(package: str) -> dict[str, dict]:
    """Return ``{test function: {seconds, lines: {file: [line]}}}``, and what each file imports."""
    modules = sorted([*COPY.glob("diffcore/**/*.py"), *COPY.glob("companion/**/*.py")])
    tests: dict[str, dict] = {}
    files = [p for f in JUDGES[package] for p in sorted(COPY.glob(f"tests/{f}/test_*.py"))]
    files = [p for p in files if p.stem not in NOT_RUN]
    originals = {p: p.read_text() for p in modules}
    for file in tqdm(files, "coverage", unit="file", file=sys.stderr):
        helpers = [p for d in ("tests", file.parent) for p in sorted((COPY / d).glob("*.py"))]
        helpers = [p for p in helpers if not p.name.startswith("test_")]
        key = hashlib.sha256(b"".join(p.read_bytes() for p in [*modules, *helpers, file]))
        kept = OUT / "coverage" / f"{file.stem}-{key.hexdigest()[:16]}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            for module, text in originals.items():
                module.write_text(text + "\n_UNCHANGED = 0\n")
            result = in_fork([str(file.relative_to(COPY)), "--timeout=300"], 600, traced=True)
            for module, text in originals.items():
                module.write_text(text)
            kept.write_text(json.dumps(result))
            if result["failed"]:
                tqdm.write(f"left out, as any change fails them: {sorted(set(result['failed']))}")
        result = json.loads(kept.read_text())
        imported = result["lines"].pop("", {})
        for name, seconds in result["seconds"].items():
            if name not in result["failed"]:
                lines = result["lines"].get(name, {})
                tests[name] = {"seconds": seconds, "lines": lines, "imported": imported}
    return tests


def chosen(mutant: Mutant, tests: dict[str, dict]) -> list[str]:
    """Return the tests that reach the mutant: fast and specific first, then their files' others."""

    def reaching(first: int, last: int, of: str = "lines") -> list[str]:
        return [
            t
            for t, seen in tests.items()
            if any(first <= line <= last for line in seen[of].get(mutant.file, []))
        ]

    found = reaching(*mutant.statement)
    if not found or reaching(*mutant.statement, of="imported"):  # it ran when it was imported:
        found = list({*found, *reaching(*mutant.scope)})  # who uses what it defines?
    found = found or reaching(*mutant.statement, of="imported")
    size = {t: sum(map(len, tests[t]["lines"].values())) for t in tests}
    found.sort(key=lambda t: (tests[t]["seconds"] > 1, size[t], t))
    files = {t.split("::")[0] for t in found}
    others = [t for t in tests if t.split("::")[0] in files and t not in found]
    others.sort(key=lambda t: (tests[t]["seconds"], t))
    return found + others


def judged(mutant: Mutant, changed: str, tests: dict[str, dict]) -> dict:
    """Run the tests that reach the mutant on the changed copy; return its row."""
    order, started, target = chosen(mutant, tests), time.monotonic(), COPY / mutant.file
    rest, spent = [], 0.0
    for name in order[FIRST:]:
        spent += tests[name]["seconds"] + 0.05
        rest += [name] if spent < SECONDS else []
    outcome, by, ran = "uncovered" if not order else "survived", "", 0
    original = target.read_text()
    for cached in (target.parent / "__pycache__").glob(target.stem + ".*"):
        cached.unlink()
    try:
        target.write_text(changed)
        for batch in filter(None, (order[:FIRST], rest)):
            limit = 20 + 5 * sum(tests[name]["seconds"] for name in batch)
            result = in_fork(["-x", *batch], limit)
            ran += len(batch)
            if result["code"] == 5:
                raise RuntimeError(f"{mutant}: no test was collected of {batch}")
            if result["code"]:
                outcome, by = "caught", (result["failed"] or ["conftest (import)"])[0]
                break
    finally:
        target.write_text(original)
    seconds = f"{time.monotonic() - started:.1f}"
    return dict(zip(COLUMNS, [str(mutant), outcome, by, ran, seconds]))


def main() -> None:
    """Sample, run, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", choices=["diffcore", "companion"])
    parser.add_argument("-n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="run those that survived again")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    os.environ |= {"PYTHONPATH": str(COPY), "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg"}
    sys.dont_write_bytecode = True
    copy_checkout()
    for name in WARM.split():
        importlib.import_module(name)
    import hypothesis

    hypothesis.settings.register_profile("mutants", deadline=None, derandomize=True, database=None)
    hypothesis.settings.load_profile("mutants")
    tests = covered(options.package)
    files = [str(p.relative_to(COPY)) for p in sorted((COPY / options.package).glob("**/*.py"))]
    files = [f for f in files if f in SAMPLED or not any(map(partial(fnmatch, f), NOT_SAMPLED))]
    pool = [mutant for file in files for mutant in of_file(COPY, file)]
    random.Random(options.seed).shuffle(pool)
    path = OUT / f"{options.package}.csv"
    rows = list(csv.DictReader(path.open())) if path.exists() else []
    known = {r["mutant"]: r for r in rows if r["outcome"] == "caught" or not options.again}
    drawn: list[dict] = []
    with tqdm(total=options.n, desc=options.package, unit="mutant", file=sys.stderr) as bar:
        while pool and len(drawn) < options.n:
            mutant = pool.pop(0)
            if (changed := mutant.apply((COPY / mutant.file).read_text())) is None:
                continue
            row = known.get(str(mutant)) or judged(mutant, changed, tests)
            drawn.append(row)
            known[str(mutant)] = row
            bar.update()
            if row["outcome"] != "caught":
                tqdm.write(f"{row['outcome']}: {mutant}")
            whole = path.with_suffix(".part")  # a kill leaves the old rows or the new ones
            with whole.open("w", newline="") as out:
                writer = csv.DictWriter(out, COLUMNS)
                writer.writeheader()
                writer.writerows(known.values())
            whole.replace(path)
    counts = dict(Counter(row["outcome"] for row in drawn))
    print(f"{options.package}: {counts}; rows in {path.relative_to(ROOT)}")  # noqa: T201


if __name__ == "__main__":
    main()
