# The verbs that people and CI share. `make demo` and `make test` need Python >= 3.11 and make, nothing else.
.POSIX:
.PHONY: demo test check lint types imports bench clean

PYTHON = python3
UV = .uv/bin/uv
RUN = $(UV) run --locked --quiet

demo: $(UV)
	@$(RUN) warroom sandbox

test: $(UV)
	@$(RUN) pytest

check: lint types imports test

lint: $(UV)
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: $(UV)
	$(RUN) mypy

imports: $(UV)
	$(RUN) lint-imports

bench: $(UV)
	@$(RUN) python -m tests.bench

# uv itself: the version and hashes that uv.lock names.
$(UV):
	@$(PYTHON) .ci/bring_uv.py .uv

clean:
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
