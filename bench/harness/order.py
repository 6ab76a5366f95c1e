# SPDX-License-Identifier: MIT
"""In which order contestants run, so that neither position nor neighbour favours one.

A machine drifts (heat, neighbours, caches), so the first place of a round is no fair place. A Latin
square puts each contestant into each position once; this one (Williams, "Experimental designs
balanced for the estimation of residual effects of treatments", 1949) also puts each contestant
directly behind each other one equally often, because a run may leave the caches in a state.
"""


def latin_square(k):
    """Rows of a balanced square of k contestants: k rows, or 2k when k is odd and above 1."""
    zigzag = [(i + 1) // 2 if i % 2 else (k - i // 2) % k for i in range(k)]
    rows = [[(i + shift) % k for i in zigzag] for shift in range(k)]
    if k % 2 and k > 1:
        rows += [row[::-1] for row in rows]
    return rows


def schedule(k, rounds):
    """The order of k contestants in each round; balanced whenever rounds is a multiple of the
    square's height, and as near to it as can be otherwise."""
    square = latin_square(k)
    return [square[i % len(square)] for i in range(rounds)]
