# The targets a newcomer needs: `make demo` and `make test`. `make` alone lists them all.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
APPS := registers dissemination monitoring portal workplace

.PHONY: help demo serve test test-spark check bench bench-spark fix lock messages

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: .venv/runtime ## run the whole chain on real input and serve it at http://127.0.0.1:8000; ARGS="--no-serve" ends after the chain
	@$(BIN)/saime demo $(ARGS)

serve: .venv/runtime ## serve what the working folder already holds
	@$(BIN)/saime serve $(ARGS)

test: .venv/dev ## install what the tests need and run the whole suite, on SQLite and on PostgreSQL
	@sh tools/install-browser.sh
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)
	@$(BIN)/pytest -n 2 --dist loadgroup --database postgresql -m database -q

test-spark: .venv/dev .venv-spark/installed ## count on a real Spark with two executors, one of which is killed; installs Spark (500 MB) and Java
	@sh tools/install-java.sh
	@$(BIN)/pytest --spark cluster -m spark $(ARGS) $$(grep -rlE 'ON_SPARK|ENGINES_TO_TEST|mark.spark' tests --include='test_*.py')

check: .venv/dev ## lint, format, types, import contracts, pack and messages; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/saime pack check
	@SAIME_HOME=build/check $(BIN)/django-admin makemigrations --check --dry-run --settings saime.project.settings

bench: .venv/runtime ## measure counting and loading against others, side by side in one run; ARGS="--rows 10000000" for more rows
	@$(BIN)/saime bench $(ARGS)

bench-spark: .venv/dev .venv-spark/installed ## measure Spark, on a cluster of two executors that is started for it; ARGS="--rows 100000000" for more rows
	@sh tools/install-java.sh
	@$(BIN)/python tests/support/spark_servers.py $(BIN)/saime bench --subject spark $(ARGS)

fix: .venv/dev ## mend what the linters can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: .venv/dev ## choose the versions of requirements/*.txt again
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/dev.in -o requirements/dev.txt
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/runtime.in -c requirements/dev.txt -o requirements/runtime.txt
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/spark.in -o requirements/spark.txt

messages: .venv/dev ## collect the words to translate and compile the translations (needs gettext)
	@for app in $(APPS); do (unset DJANGO_SETTINGS_MODULE; cd src/saime/$$app && ../../../$(BIN)/django-admin makemessages -l lv --no-wrap --no-obsolete --add-location=file -v 0 && ../../../$(BIN)/django-admin compilemessages -v 0); done

.venv/python:
	@sh tools/make-environment.sh "$(PYTHON)"

.venv/runtime: .venv/python requirements/runtime.txt pyproject.toml
	@echo "Installing what Saime runs on into .venv"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/runtime requirements/dev.txt
	@echo "Installing what the tests need into .venv"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.venv-spark/installed: .venv/python requirements/spark.txt
	@echo "Installing Spark into .venv-spark"
	@$(BIN)/python -m venv .venv-spark
	@.venv-spark/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/spark.txt
	@touch $@
