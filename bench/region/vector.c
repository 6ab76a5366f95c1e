/* SPDX-License-Identifier: MIT */
/* vector.c - a vector of 64-bit numbers grows one by one from nothing, and is released.
 *
 * One operation is one push. Room begins at 4 and doubles, as that of Rust's vectors does.
 */
#include "regions.h"

#ifdef CONTESTANT_IN_RUST
#define VECTOR_OF(n) RUST_LOOP(vector_##n)
#else
struct vector {
    uint64_t *at;
    size_t    count, room;
};

/* Whole vectors: up to n - 1 pushes more than were asked for, of the millions that are measured. */
#define VECTOR_OF(n)                                                                   \
    static void vector_##n(uint64_t ops)                                               \
    {                                                                                  \
        REGION_OF(n);                                                                  \
        for (uint64_t done = 0; done < ops; done += (n)) {                             \
            struct vector v = { NULL, 0, 0 };                                          \
            for (uint64_t i = 0; i < (n); i++) {                                       \
                if (v.count == v.room) {                                               \
                    size_t old = v.room * sizeof *v.at;                                \
                    v.room     = v.room ? 2 * v.room : 4;                              \
                    v.at       = (uint64_t *)RESIZE(v.at, old, v.room * sizeof *v.at); \
                }                                                                      \
                v.at[v.count++] = ccbench_opaque(i);                                   \
            }                                                                          \
            ccbench_escape(v.at);                                                      \
            FREE(v.at, v.room * sizeof *v.at);                                         \
            RELEASE();                                                                 \
        }                                                                              \
    }
#endif

VECTOR_OF(64)
VECTOR_OF(1000)

static const ccbench_case_t cases[] = {
    { "vector-64", "64 numbers pushed onto a new vector", NULL, vector_64, NULL },
    { "vector-1000", "1000 numbers pushed onto a new vector", NULL, vector_1000, NULL },
};

int main(int argc, char **argv)
{
    REGION_BEGIN();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
