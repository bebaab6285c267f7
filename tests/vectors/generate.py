"""Writes limits.json: what the Python package `limits` decides, under a clock that only this script moves.

    python3 -m venv .venv && .venv/bin/pip install limits==5.8.0
    .venv/bin/python tests/vectors/generate.py

A vector is a limit, an algorithm, and steps: a moment in milliseconds, a cost, and whether `limits` admitted it. All
steps but a last one are decided in the same way here. Where we differ by design, the vector ends with the step that
shows it, and says what we decide and why. From that step on the two have different histories, so there is none after.
"""

import json
import pathlib
import random
import time

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    SlidingWindowCounterRateLimiter,
)

STRATEGIES = {
    "fixed-window": FixedWindowRateLimiter,
    "sliding-log": MovingWindowRateLimiter,
    "sliding-window": SlidingWindowCounterRateLimiter,
}
START_MS = 1_700_000_000_000 // 60_000 * 60_000  # a boundary of every window used here

now_ms = 0
time.time = lambda: now_ms / 1000


class Limiter:
    """One limit of `limits`, its clock, and the steps so far."""

    def __init__(self, algorithm, permits, window_s):
        self.vector = {
            "algorithm": algorithm,
            "limit": f"{permits}/{window_s} seconds",
            "steps": [],
        }
        self.item = RateLimitItemPerSecond(permits, window_s)
        self.limiter = STRATEGIES[algorithm](MemoryStorage())
        self.admitted = []
        self.permits = permits
        self.window_ms = 1000 * window_s

    def hit(self, at_ms, cost=1, **ours):
        global now_ms
        now_ms = START_MS + at_ms
        theirs = self.limiter.hit(self.item, "key", cost=cost)
        if theirs:
            self.admitted += [at_ms] * cost
        step = {"at_ms": now_ms, "cost": cost, "theirs": theirs}
        if ours:
            assert ours["ours"] != theirs, (self.vector, step, ours)
        self.vector["steps"].append(step | ours)
        return self

    def is_where_we_differ(self, at_ms):
        """Whether a hit at this moment meets a difference that a vector of its own shows."""
        if self.vector["algorithm"] == "sliding-log":
            return at_ms - self.window_ms in self.admitted
        if self.vector["algorithm"] == "sliding-window":
            window = at_ms // self.window_ms
            counts = [sum(t // self.window_ms == w for t in self.admitted) for w in (window - 1, window)]
            overlap_ms = self.window_ms - at_ms % self.window_ms
            return counts[0] * overlap_ms % self.window_ms != 0 and (
                self.permits - 1 < counts[0] * overlap_ms / self.window_ms + counts[1] < self.permits
            )
        return False


def random_trace(algorithm, seed):
    """Arrivals that go over the limit again and again. In every window of a fixed window the first is on its boundary."""
    draw = random.Random(f"{algorithm} {seed}")
    limiter = Limiter(algorithm, draw.randint(1, 12), draw.choice([1, 2, 5, 10, 60]))
    at_ms, window_ms = 0, limiter.window_ms
    for _ in range(60):
        if not limiter.is_where_we_differ(at_ms):
            limiter.hit(at_ms)
        boundary_ms = (at_ms // window_ms + 1) * window_ms
        at_ms += draw.choice([0, 1, draw.randint(1, 1 + window_ms // 20), draw.randint(1, window_ms)])
        if algorithm == "fixed-window":
            at_ms = min(at_ms, boundary_ms)
    return limiter.vector


def differences():
    yield (
        Limiter("fixed-window", 5, 10).hit(0, 4).hit(1, 2)
        .hit(2, 1, ours=True, why="a refusal is not charged: of 5 permits 4 are used, not 6")
        .vector
    )
    yield (
        Limiter("fixed-window", 2, 10).hit(9_000).hit(9_001).hit(9_002)
        .hit(10_000, ours=True, why="windows are aligned to the epoch, not to a client's first request")
        .vector
    )
    yield (
        Limiter("sliding-log", 1, 10).hit(3).hit(10_002)
        .hit(10_003, ours=True, why="a permit taken at t is back at t + window, not just after it")
        .vector
    )
    yield (
        Limiter("sliding-window", 2, 10).hit(0).hit(1)
        .hit(11_000, ours=False, why="the estimate is not rounded down: 2 x 0.9 + 0 + 1 is more than 2")
        .vector
    )


def main():
    vectors = [random_trace(algorithm, seed) for algorithm in STRATEGIES for seed in range(40)]
    vectors += differences()
    lines = ",\n".join(json.dumps(vector) for vector in vectors)
    pathlib.Path(__file__).with_name("limits.json").write_text(f"[\n{lines}\n]\n")
    steps = [step for vector in vectors for step in vector["steps"]]
    refused = sum(not step["theirs"] for step in steps)
    print(f"{len(vectors)} vectors, {len(steps)} steps, {refused} refused by limits")


main()
