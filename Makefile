# Each command does all its own set-up, is safe to repeat and says what it is doing.
.PHONY: demo test key faults figures bench accuracy many containers growth attack leaks audit sbom check format setup doctor clean help chaos soak lists
.DEFAULT_GOAL := help

IN := .venv/bin/
BASE := debian:12-slim
BUILD :=

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

demo: .venv/.ready ## start the simulated payers, sweep their sample exports, show what was found
	@$(IN)claimsweep demo

test: .venv/.ready ## run every test, in three processes
	@$(IN)python tests/postgres_server.py
	@$(IN)python -m pytest -n 3 --dist worksteal

key: .venv/.ready ## every field of 2,000 claims (seeds 1-5, 200 of each payer) against the answer key
	@$(IN)python -m pytest -n 2 tests/test_sweep.py -k answer_key --key-claims 200

faults: .venv/.ready ## every trouble at every simulated portal: recovered, exception or wrong, as a table
	@$(IN)python tests/benchmarks/fault_matrix.py

chaos: .venv/.ready ## 300 faults at random moments of real sweeps: kills, full disk, wrong clock, lies; as a table
	@PYTHONPATH=tests/chaos $(IN)python -m pytest -q tests/chaos/one_night.py
	@$(IN)python tests/chaos/run.py --faults 300 --json artifacts/chaos.json --keep artifacts/chaos

soak: .venv/.ready ## a simulated month of thirty nights on a fast clock, against the answer key, a line a night
	@mkdir -p artifacts
	@PYTHONPATH=.:tests $(IN)python -m soak --json artifacts/soak.json

figures: .venv/.ready ## accuracy, throughput and waiting at each simulated portal of full size, as a table
	@mkdir -p artifacts
	@$(IN)python -m pytest -q tests/figures_control.py
	@$(IN)python tests/benchmarks/answer_key.py --sample 100 --json artifacts/figures.json

bench: .venv/.ready ## speed as one table of ratios: beside a script, starting, lists, logins at once, a filled ledger
	@mkdir -p artifacts
	@$(IN)python tests/benchmarks/bench.py --json artifacts/bench.json

lists: .venv/.ready ## 100 claims answered by a portal's list and asked alone: pages, loads, seconds; every fault of a list
	@$(IN)python -m pytest -q -s tests/test_claim_list*.py --long-lists

many: .venv/.ready ## three machines sweep three portals of 40 claims; one dies, one is cut off, the database restarts
	@$(IN)python -m pytest -s -o faulthandler_timeout=0 tests/many_machines.py --many-claims 40

containers: .venv/.ready ## the image, sweeps in it and a Docker work pool; BASE= another base image, BUILD= words of docker build
	@$(IN)python -m pytest -s -rs -o faulthandler_timeout=0 tests/in_containers.py tests/in_pools.py --base-image "$(BASE)" --build-words "$(BUILD)"

growth: .venv/.ready ## claims a second with one to four workers on one PostgreSQL, as JSON lines
	@$(IN)python tests/benchmarks/many_workers.py

accuracy: .venv/.ready ## simulated remittances of twenty issuers read and marked field by field, as a table
	@$(IN)python tests/benchmarks/remittance_accuracy.py

attack: .venv/.ready ## the attacks of docs/security.md, ten million rows and all
	@$(IN)python -m pytest -q tests/test_attack_*.py --full-size

leaks: .venv/.ready ## a night whose every name, number and secret is a mark; every byte it wrote is searched
	@$(IN)python -m pytest -q tests/marked_night.py

audit: .venv/.installed ## known faults of the locked packages, but for those excepted until a day
	@$(IN)python .ci/supply.py audit

sbom: .venv/.installed ## every locked package with its hashes and who wants it, as CycloneDX JSON
	@$(IN)python .ci/supply.py sbom artifacts/sbom.json

check: .venv/.installed ## lint, types and the direction of imports
	@$(IN)ruff check .
	@$(IN)ruff format --check .
	@$(IN)mypy --strict billing
	@$(IN)mypy bots flows console sandbox
	@$(IN)lint-imports --no-cache

format: .venv/.installed ## put the sources in their one form
	@$(IN)ruff check --fix-only .
	@$(IN)ruff format .

setup: .venv/.ready ## only the set-up: Python packages, a browser, Tesseract

doctor: .venv/.installed ## what was found on this machine, and the mend for what was not
	@$(IN)claimsweep doctor

clean: ## remove what set-up and runs made, but never artifacts/
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: requirements.lock pyproject.toml .ci/install
	@.ci/install
	@touch $@

.venv/.ready: .venv/.installed flows/setup.py bots/portal/browser.py
	@$(IN)python -m flows.setup
	@touch $@
