# SPDX-License-Identifier: MIT
"""json_churn.py ROUNDS OUTPUT - turns 2000 records into JSON text and back, ROUNDS times.

Run with PYTHONMALLOC=malloc every object is a malloc. OUTPUT gets a sum that depends on each round.
"""

import json
import sys


def record(i):
    return {
        "id": i,
        "name": f"item-{i * 104729 % 1000003}",
        "tags": [f"a{i % 7}", f"b{i % 11}"],
        "value": i * 0.5,
        "nested": {"x": i, "y": [i, i + 1, i + 2]},
    }


def one_round(records, number):
    # An indent makes the encoder run in Python instead of C: other sizes, deeper stacks.
    text = json.dumps(records, sort_keys=True, indent=1 if number % 4 == 0 else None)
    back = json.loads(text)
    return len(text) + len(back) + back[number % len(records)]["id"]


def main(rounds, output):
    records = [record(i) for i in range(2000)]
    total = sum(one_round(records, number) for number in range(rounds))
    with open(output, "w", encoding="ascii") as f:
        f.write(f"{total}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
