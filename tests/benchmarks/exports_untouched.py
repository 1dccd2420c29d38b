"""A long run of the laws of tests/test_exports_untouched.py, with as many exports as asked for."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import test_exports_untouched as laws

LAWS = (
    (laws.test_every_byte_of_a_text_stays_in_its_place, laws.texts),
    (laws.test_the_csv_module_finds_every_cell_of_a_text_again, laws.texts),
    (laws.test_every_cell_of_a_workbook_keeps_value_type_and_style, laws.books),
)


def main(examples: int) -> None:
    """Hold each law against so many generated exports; the first that breaks it is shown."""
    for law, exports in LAWS:
        started = time.perf_counter()
        held = given(exports())(law.hypothesis.inner_test)
        settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )(held)()
        seconds = time.perf_counter() - started
        sys.stdout.write(f"{law.__name__}: {examples:,} exports, none differs, {seconds:.0f} s\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
