# SPDX-License-Identifier: MIT
"""A deterministic C file of a given number of functions, about 21 lines each, for a compiler."""

HEAD = """\
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct node { struct node *next; uint32_t key, value; char name[16]; };
struct table { struct node *bucket[64]; size_t count; uint64_t sum; };
"""

FUNCTION = """
uint64_t f{i}(struct table *t, uint64_t x)
{{
    uint64_t acc = {a}u;
    for (unsigned i = 0; i < {b}u; i++) {{
        struct node *n = t->bucket[(x + i * {c}u) & 63];
        while (n && n->key % {a}u != {d}u) {{
            acc += n->value * {c}u + (uint64_t)n->name[i & 15];
            n = n->next;
        }}
        switch ((acc + i) % {cases}u) {{
        case 0: acc ^= t->sum >> {d}; break;
        case 1: acc = (acc << {d}) | (acc >> (64 - {d})); break;
        case 2: t->count += i; acc -= t->count; break;
        default: acc += x * {b}u; break;
        }}
        if (acc > UINT64_C({limit}))
            t->sum += (uint64_t)snprintf(t->bucket[0]->name, 16, "%u-{i}", (unsigned)acc);
    }}
    return (x & {a}u) ? acc + {callee} : acc;
}}
"""


def random_numbers(seed=1):
    """A function of n that gives the next pseudo-random number below n."""
    state = seed

    def below(n):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % n

    return below


def function(i, below):
    d = below(7) + 1
    return FUNCTION.format(
        i=i,
        a=below(97) + 2,
        b=below(61) + 1,
        c=below(31) + 1,
        d=d,
        cases=d + 3,
        limit=below(2**31),
        callee=f"f{below(i)}(t, x + {d})" if i else "x",
    )


def source(functions):
    """The whole file as text."""
    below = random_numbers()
    return HEAD + "".join(function(i, below) for i in range(functions))
