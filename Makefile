# Every target is a command of the course: python -m course_lib <command> does the same without make.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
COMMANDS := lab sync test build format check bench gpu share class

.PHONY: help setup $(COMMANDS)

help:
	@$(PYTHON) -m course_lib help

setup:
	@$(PYTHON) -m course_lib setup $(ARGS)

$(COMMANDS):
	@$(PYTHON) -m course_lib setup --quiet
	@$(VENV_PYTHON) -m course_lib $@ $(ARGS)
