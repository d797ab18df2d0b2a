# The commands of Signalfire. Each is a file in scripts/; `make` alone lists them.
PYTHON ?= python3
VENV := .venv/bin/python
export NAME YES ON OFF RUNTIME ARGS UPGRADE BUNDLE LIST TO FROM BACKUP FORCE CHANGED ALERT WHERE FOR WHY

.PHONY: help up down status logs silence clean backup restore upgrade doctor demo verify verify-alerts record-metrics screenshots images bundle bench bench-stack bench-library bench-anomalies generate lint lock test test-quick test-compose test-all
.DEFAULT_GOAL := help

help: | ready
	@$(VENV) -m scripts help

up down status logs silence clean backup restore upgrade doctor demo verify verify-alerts record-metrics screenshots images bundle: | ready
	@$(VENV) -m scripts $@

bench bench-stack bench-library bench-anomalies generate lint lock: | ready-dev
	@$(VENV) -m scripts $@

test: | ready-dev
	@$(VENV) -m scripts test

test-quick: | ready-dev
	@$(VENV) -m scripts test --quick

test-compose: | ready-dev
	@$(VENV) -m scripts test --compose

# Everything that decides whether a change is good.
test-all: | ready-dev
	@$(VENV) -m scripts lint
	@$(VENV) -m scripts test

# The virtualenv: made once, again when requirements change.
.PHONY: ready ready-dev
ready:
	@$(PYTHON) scripts/bootstrap.py

ready-dev:
	@$(PYTHON) scripts/bootstrap.py --dev
