# The verbs that people and CI share. `make demo` and `make test` need Python >= 3.11 and make, nothing else.
.POSIX:
.PHONY: demo test quick quick-all quick-others durations check lint types imports attack drills drills-good bench clean

PYTHON = python3
UV = .uv/bin/uv
# Bytecode is written whatever the caller's environment says: the suite starts the program some thousand times, and a
# start that compiles every module of its libraries takes 0.8 s instead of 0.3.
RUN = PYTHONDONTWRITEBYTECODE= $(UV) run --locked --quiet
# Tests wait two thirds of their time: three workers a core keep it busy.
WORKERS = 6

demo: $(UV)
	@$(RUN) warroom sandbox

test: $(UV)
	@$(RUN) pytest -n $(WORKERS)

# The inner loop: what needs no server, no terminal and little time (tests/schedule.py).
quick: $(UV)
	@$(RUN) pytest -m quick -n auto

# The same on every other Python of this machine, each with an environment of its own.
quick-all: quick quick-others

quick-others: $(UV)
	@$(RUN) python .ci/other_pythons.py | while read -r version python; do \
	  echo "Python $$version"; \
	  UV_PROJECT_ENVIRONMENT=.venv-$$version $(RUN) --python "$$python" pytest -m quick -n auto </dev/null || exit 1; \
	done

# Which tests are long, for the order in which workers take them: on a machine that does nothing else.
durations: $(UV)
	@$(RUN) pytest -n $(WORKERS) --junitxml=.pytest_cache/report.xml
	@$(RUN) python -m tests.durations .pytest_cache/report.xml

check: lint types imports test drills-good attack quick-others

lint: $(UV)
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: $(UV)
	$(RUN) mypy

imports: $(UV)
	$(RUN) lint-imports

# Fuzzers, kill loops and bombs, the same each time, so that a gate can be repeated; `make attack ATTACK='--seconds 3600'`
# is the long form, with random numbers of its own.
ATTACK = --seed 1

attack: $(UV)
	@$(RUN) python -m tests.attack $(ATTACK)

# Every bundled scenario played by the autopilot, well, badly and not at all, each on a sandbox of its own: they mostly wait.
drills: $(UV)
	@$(RUN) pytest -m drill -n 5 --dist=load

# Of these the good responder of each scenario alone, three at a time: drills measure durations, which a busy machine lengthens.
drills-good: $(UV)
	@$(RUN) pytest -m gate -n 3 --dist=load

bench: $(UV)
	@$(RUN) python -m tests.bench

# uv itself: the version and hashes that uv.lock names.
$(UV):
	@$(PYTHON) .ci/bring_uv.py .uv

clean:
	rm -rf .venv .venv-* .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
