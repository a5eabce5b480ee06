"""Every reason why a run did not happen has its words."""

from __future__ import annotations

import pytest

from chalicelib.domain.runs import SkipReason
from chalicelib.domain.skip_words import kind_of, reason_with, words_of


@pytest.mark.parametrize("reason", SkipReason)
def test_every_reason_has_words_in_both_languages(reason: SkipReason) -> None:
    words = words_of(reason)

    assert words.zh != words.en
    assert words.en != str(reason)


def test_what_stands_behind_a_reason_is_told_too() -> None:
    stored = reason_with(SkipReason.MAINTENANCE, "#3 move: the database")

    assert kind_of(stored) == "maintenance"
    assert words_of(stored).en == "in a maintenance window: #3 move: the database"


def test_the_row_that_sums_up_a_long_outage_says_since_when() -> None:
    words = words_of("missed, as all before it since 2026-11-01T00:00:00Z")

    assert words.en.endswith("nor all before it since 2026-11-01T00:00:00Z")
    assert kind_of("missed, as all before it since 2026-11-01T00:00:00Z") == "missed"


def test_a_reason_that_is_not_known_stands_for_itself() -> None:
    assert words_of("of old: x").zh == "of old: x"


def test_a_stored_reason_fits_its_column() -> None:
    assert len(reason_with(SkipReason.PAUSED, "x" * 300)) == 200
