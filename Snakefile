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
from companion.build.book import prose

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


for _name in graph.notebooks():

    rule:
        name:
            f"execute_{_name}"
        input:
            source=here([graph.source(_name)]),
            modules=here(graph.modules(_name)),
            reads=[page(other) for other in graph.reads(_name)],
            environment=here([ROOT / "requirements.lock", ROOT / "companion" / "build" / "execute.py"]),
        output:
            page(_name),
        params:
            notebook=_name,
            profile=PROFILE,
        priority: graph.priority(_name)
        shell:
            "{RUN} notebook {params.notebook} --profile {params.profile}"


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
