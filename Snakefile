# What the book is made from, and what runs again when something changes.
#
# `make book` runs this through `python -m companion book`. By hand, on a laptop or, through
# Snakemake's executors, on a cluster:  snakemake --cores 2 --config profile=paper
#
# A notebook runs again when its .py, a module of this repository that it imports, a notebook whose
# tables it reads, or the environment has changed (by content: a new time stamp alone is no change).

import os
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from companion import graph, paths, profiles
from companion.book import prose

PROFILE = profiles.get(config.get("profile", "standard")).name
BUILD = paths.build_dir(PROFILE)
RUN = f"cd '{ROOT}' && '{sys.executable}' -m companion"


def here(files):
    """Return paths relative to the build folder, so that a moved repository stays built."""
    return [os.path.relpath(path, BUILD) for path in files]


def page(name):
    return f"book/{name}.ipynb"


BUILD.mkdir(parents=True, exist_ok=True)
workdir: str(BUILD)


rule book:
    input:
        [page(name) for name in graph.notebooks()],
        "html/index.html",


rule execute:
    input:
        source=lambda wildcards: here([graph.source(wildcards.name)]),
        modules=lambda wildcards: here(graph.modules(wildcards.name)),
        reads=lambda wildcards: [page(name) for name in graph.reads(wildcards.name)],
        environment=here([ROOT / "requirements.lock", ROOT / "companion" / "execute.py"]),
    output:
        "book/{name}.ipynb",
    wildcard_constraints:
        name=r"\d\d_\w+",
    params:
        profile=PROFILE,
    shell:
        "{RUN} notebook {wildcards.name} --profile {params.profile}"


rule render:
    input:
        notebooks=[page(name) for name in graph.notebooks()],
        prose=here(prose()),
    output:
        "html/index.html",
    params:
        profile=PROFILE,
    shell:
        "{RUN} render --profile {params.profile}"
