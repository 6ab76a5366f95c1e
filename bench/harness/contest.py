# SPDX-License-Identifier: MIT
"""Rounds: every contestant runs once in each, in an order that changes from round to round."""

from .order import schedule


def play(names, run_one, rounds, progress, label):
    """A list of {name: what run_one(name) gave}, one for each round. Before the first counted
    round everyone runs once, so that files are cached and a broken contestant is found at once."""
    for name in names:
        progress.say(f"{label}: warm-up: {name}")
        run_one(name)
    played = []
    for number, row in enumerate(schedule(len(names), rounds), 1):
        samples = {}
        for i in row:
            progress.say(f"{label}: round {number} of {rounds}: {names[i]}")
            samples[names[i]] = run_one(names[i])
        played.append(samples)
    progress.clear()
    return played
