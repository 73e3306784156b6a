# What the book is made from, and what runs again when something changes.
#
# `make book` runs this through `python -m companion book`. By hand, on a laptop or, through
# Snakemake's executors, on a cluster:  snakemake --cores 2 --config profile=paper
#
# Each part of the book has a record (companion/build/records.py) of what it was made from, by content. Records
# that no longer hold are removed here, and Snakemake makes what has none. Time stamps decide nothing. Before a
# notebook is executed, the training runs that it loads are trained, some shards a job (companion/build/shards.py).

import shlex
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from companion import notebooks, paths, profiles, syntax
from companion.build import processes, records, shards

PROFILE = profiles.get(config.get("profile", "standard")).name
RUN = f"cd {shlex.quote(str(ROOT))} && {processes.in_shell([sys.executable, '-m', 'companion'])}"
SECONDS = records.seconds(PROFILE)

paths.build_dir(PROFILE).mkdir(parents=True, exist_ok=True)
workdir: str(paths.build_dir(PROFILE))
TRAINING = shards.jobs(PROFILE)
if workflow.is_main_process:
    records.forget(PROFILE)
    shards.settle(PROFILE, TRAINING)


def record(name):
    return f"records/{name}.json"


rule book:
    input:
        record(records.HTML),


rule train: # everything that a chapter names, whether or not a notebook is to be executed
    input:
        [ancient(shards.stamp(job)) for job in TRAINING],


for _job in TRAINING:

    rule:
        name:
            f"train_{_job.name}"
        output:
            touch(shards.stamp(_job)),
        params:
            shards=list(_job.shards),
            profile=PROFILE,
        priority: 10**6 # first, since notebooks wait for it
        shell:
            "{RUN} runs train {params.shards:q} --profile {params.profile}"


for _name in notebooks.names():

    rule:
        name:
            f"execute_{_name}"
        input:
            [ancient(record(other)) for other in notebooks.after(_name)],
            [ancient(shards.stamp(job)) for job in shards.read_by(_name, TRAINING)],
        output:
            record(_name),
        params:
            notebook=_name,
            profile=PROFILE,
        priority: SECONDS.get(_name, 0) # the longest first, so that no core waits at the end
        shell:
            "{RUN} notebook {params.notebook:q} --profile {params.profile}"


rule render:
    input:
        [ancient(record(name)) for name in notebooks.names()],
    output:
        record(records.HTML),
    params:
        profile=PROFILE,
    shell:
        "{RUN} render --profile {params.profile}"


syntax.keep()  # what has been read of the code, every job would read again
