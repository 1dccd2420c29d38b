"""Runs the command: ``python -m flows``."""

from flows.command import main

main()
