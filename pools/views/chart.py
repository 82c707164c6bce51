"""The small chart of changes by day: where its bars are. Its numbers are in a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from pools.changes.lines import Days
from pools.models.vocabulary import Action
from pools.wording.actions import words_for

# The last days that are shown, if there are that many.
DAYS: Final = 30
# Units of the drawing, which is stretched to the width of its place.
STEP: Final = 10
GAP: Final = 2
HEIGHT: Final = 48
# So that a single change on a busy month's chart is still to be seen.
LEAST: Final = 1.5


@dataclass(frozen=True, slots=True)
class Block:
    """One action's part of a bar, from the top."""

    action: Action
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: what to draw, and what to say of it."""

    day: date
    x: int
    blocks: list[Block]
    counts: Mapping[Action, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def sentence(self) -> str:
        """For instance: 3 edits, 1 clear."""
        counts = [_counted(action, count) for action, count in self.counts.items() if count]
        return ", ".join(counts) or "nothing"


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, oldest day first. `whole` as in Days; `actions` are those that occur."""

    bars: list[Bar]
    whole: bool

    @property
    def width(self) -> int:
        return STEP * len(self.bars)

    @property
    def bar_width(self) -> int:
        return STEP - GAP

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def highest(self) -> int:
        return max((bar.total for bar in self.bars), default=0)

    @property
    def total(self) -> int:
        return sum(bar.total for bar in self.bars)

    @property
    def actions(self) -> list[Action]:
        return [action for action in Action if any(bar.counts[action] for bar in self.bars)]

    @property
    def table(self) -> list[Bar]:
        """The days with changes, newest first."""
        return [bar for bar in reversed(self.bars) if bar.total]


def chart_of(days: Days) -> Chart:
    highest = max((sum(counts.values()) for _, counts in days.counts), default=0)
    return Chart(
        [
            Bar(day, number * STEP + GAP // 2, _blocks(counts, highest), counts)
            for number, (day, counts) in enumerate(days.counts)
        ],
        days.whole,
    )


def _blocks(counts: Mapping[Action, int], highest: int) -> list[Block]:
    blocks, top = [], float(HEIGHT)
    for action, count in counts.items():
        if count:
            height = max(LEAST, (HEIGHT - LEAST * len(counts)) * count / highest)
            top -= height
            blocks.append(Block(action, round(top, 2), round(height, 2)))
    return blocks


def _counted(action: Action, count: int) -> str:
    words = words_for(action)
    return f"{count} {words.noun if count == 1 else words.nouns}"
