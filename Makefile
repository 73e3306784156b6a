# The companion's commands. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PROFILE ?= standard
JOBS ?= 2
PORT ?= 8000
VENV ?= .venv
PYTHON ?= $(or $(call fit,python3),$(call fit,python3.14),$(call fit,python3.13),$(call fit,python3.12),$(call fit,python3.11))

# What a shell is given as it was typed: no file names for a *, no second command after a semicolon.
typed = '$(subst ','\'',$1)'
# Of a Python: its version, and whether it is new enough; of anything else: nothing that looks like it.
version = $(shell $(call typed,$1) -c 'import sys; print("%d.%d %s" % (sys.version_info[:2] + ("new" if sys.version_info >= (3, 11) else "old",)))' 2>/dev/null </dev/null)
new = $(filter new,$(word 2,$(call version,$1)))
fit = $(if $(call new,$1),$1)
got = $(if $(filter new old,$(word 2,$(call version,$1))),Python $(firstword $(call version,$1)),no Python)

# Make takes any name for a variable: one in the wrong case would be ignored without a word.
upper = $(shell echo '$1' | tr a-z A-Z)
$(foreach v,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $v))),$(if $(filter $(call upper,$v),$v),,$(error $v= is not read: expected $(call upper,$v)=))))

# What is asked for is looked at before anything is installed.
given = $(filter command,$(firstword $(origin $1)))
ifneq ($(and $(filter notebook,$(MAKECMDGOALS)),$(if $(strip $(NB)),,none)),)
$(error which notebook? expected NB=, as in make notebook NB=04)
endif
ifneq ($(and $(filter verify,$(MAKECMDGOALS)),$(call given,NAME),$(if $(strip $(NAME)),,none)),)
$(error NAME= is empty: expected a step, a chain or a chapter, as in make verify NAME=nelbo-x/step)
endif
ifneq ($(and $(filter verify,$(MAKECMDGOALS)),$(filter -%,$(NAME))),)
$(error NAME=$(NAME): expected a step, a chain or a chapter, got an option: as in make verify NAME=nelbo-x/step)
endif
ifneq ($(and $(filter mutants,$(MAKECMDGOALS)),$(filter-out diffcore companion,$(PACKAGE))),)
$(error PACKAGE=$(PACKAGE): expected diffcore or companion, as in make mutants PACKAGE=diffcore)
endif
ifneq ($(and $(call given,PROFILE),$(if $(strip $(PROFILE)),,none)),)
$(error PROFILE= is empty: expected quick, standard or paper)
endif
ifneq ($(and $(filter verify,$(MAKECMDGOALS)),$(call given,PROFILE),$(if $(filter-out verify,$(MAKECMDGOALS)),,alone)),)
$(error make verify reads no PROFILE=: its steps are the same under all; expected make verify NAME=..., or nothing)
endif
# Numbers are looked at before anything is done: one that began with a dash would be taken for an option.
number = $(if $(call given,$1),$(if $(shell [[ $(call typed,$($1)) =~ ^$2$$ ]] && echo fits),,$(error $1=$($1): expected $3, as in $1=$4)))
checked = $(if $(filter mutants,$(MAKECMDGOALS)),$(call number,N,[1-9][0-9]*,a whole number of at least 1,200)$(call number,SEED,[0-9]+,a whole number,0))
checked += $(call number,JOBS,[1-9][0-9]*,a whole number of at least 1,2)$(call number,PORT,(0|[1-9][0-9]*),a port or 0 for any free one,0)
$(checked)

RUN := $(VENV)/bin/python
usable = $(if $(call new,$(PYTHON)),,$(error PYTHON=$(PYTHON): expected Python 3.11 or newer, got $(call got,$(PYTHON)): name one, as in PYTHON=/path/to/python3.11))
same = $(if $(filter-out $(call got,$(RUN)),$(call got,$(PYTHON))),$(error PYTHON=$(PYTHON): expected $(call got,$(RUN)), which $(VENV) is made of, got $(call got,$(PYTHON)): remove $(VENV), or leave PYTHON= out))
create = echo "creating $(VENV) with $$($(call typed,$(PYTHON)) --version)"; $(call typed,$(PYTHON)) -m venv $(VENV)
$(if $(call given,PYTHON),$(usable)$(if $(call new,$(RUN)),$(same)))
STAMP := $(VENV)/.companion-installed
UV ?= $(shell command -v uv 2>/dev/null)
PIP := $(RUN) -m pip install --disable-pip-version-check

.PHONY: help env book browser serve notebook test quick-book test-slurm mutants bench full-length verify lint typecheck pair lock figures check clean

help: ## list every target
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 12

env: $(STAMP) ## create .venv and install the lock into it, with uv where it is there (UV= for pip)

$(STAMP): requirements.lock requirements-torch.lock pyproject.toml
	@$(if $(wildcard $(RUN)),,$(usable)$(create))
	@echo "installing $$(grep -c == requirements.lock) packages and torch into $(VENV) with $(if $(UV),uv,pip (minutes, once))"
	@# torch by pip, whose settings say which build it is to be; what is left for it are its platform's libraries
	@$(if $(UV),$(UV) pip install --python $(RUN),$(PIP)) --quiet --no-deps --require-hashes -r requirements.lock; \
	$(PIP) --quiet --no-warn-conflicts -r requirements-torch.lock; \
	$(PIP) --quiet --no-deps --no-build-isolation -e .; \
	echo "installed in $$SECONDS s"
	@touch $@

book: env ## execute the notebooks that changed and render the book (PROFILE=quick|standard|paper)
	@$(RUN) -m companion book --profile $(call typed,$(PROFILE)) --jobs $(JOBS)

browser: env ## fetch Pyodide with npm: the next book can then check chains in its pages
	@$(RUN) -m companion browser

serve: env ## serve the rendered book to this machine alone (PORT=8000, 0 for any free one; PROFILE=...)
	@$(RUN) -m companion serve --profile $(call typed,$(PROFILE)) --port $(PORT)

notebook: env ## execute one notebook and what it depends on (NB=04, PROFILE=...)
	@$(RUN) -m companion book --only $(call typed,$(NB)) --profile $(call typed,$(PROFILE)) --jobs $(JOBS)

verify: env ## check every derivation step (NAME=... for one, as it is read)
	@$(RUN) -m companion verify $(foreach name,$(NAME),$(call typed,$(name)))

test: env ## the whole suite: lint, types, the book under the quick profile, every test
	@$(MAKE) --no-print-directory -j 2 lint quick-book
	@# one worker more than there are cores: many tests wait for processes that they have started
	@$(RUN) -m pytest -n $$(($(JOBS) + 1)) --dist loadfile --no-loadscope-reorder --durations 10 --durations-min 10

quick-book: env ## the book under the quick profile, as `make test` wants it
	@$(RUN) -m companion book --profile quick --jobs $(JOBS)

test-slurm: env ## the pipeline through a SLURM of its own, set up and taken down (root; installs slurm-wlm)
	@$(RUN) tests/slurm/with_slurm.py
	@$(RUN) -m pytest tests/slurm/through_slurm.py --durations 3

mutants: env ## one-line changes that the tests should notice (PACKAGE=diffcore|companion N=200 SEED=0)
	@$(RUN) tests/mutants/run.py $(call typed,$(or $(PACKAGE),diffcore)) -n $(or $(N),200) --seed $(or $(SEED),0)

bench: env ## our speed beside azula, diffusers and plain torch, as ratios (a minute or two)
	@$(RUN) -m tests.benchmarks.side_by_side

full-length: env ## make the tables of chapter 23 again (hours; killed at any time, it goes on where it was)
	@for part in recipe collected tenfold bfloat16 time_to_quality; do $(RUN) -m tests.benchmarks.$$part; done

lint: env typecheck ## ruff, its formatter, mypy, and which package may import which
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .
	@$(VENV)/bin/lint-imports --no-logo --no-cache > $(VENV)/lint-imports.log || { cat $(VENV)/lint-imports.log; exit 1; }

typecheck: env ## mypy: strict on diffcore and companion; names and attributes in the notebooks
	@$(RUN) -m mypy --no-error-summary
	@$(RUN) -m mypy --no-error-summary --allow-untyped-defs --implicit-reexport --no-warn-unused-ignores --disable-error-code arg-type notebooks

pair: env ## make each notebook's .ipynb from its .py
	@$(RUN) -m companion pair

lock: env ## write the lock from what pyproject.toml asks for, as installed (needs uv, for the hashes)
	@$(RUN) -m companion lock

figures: env ## make what the last standard build made the results of record, and say what changed
	@$(RUN) -m companion figures

check: env ## execute everything again from nothing; fail if the results of record are not reproduced
	@$(RUN) -m companion check --jobs $(JOBS)

clean: ## delete what was built (keeps .venv and the training runs)
	@if [ -x $(RUN) ]; then $(RUN) -m companion clean; else rm -rf _build; fi
