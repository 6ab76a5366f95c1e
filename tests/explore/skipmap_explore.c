/* SPDX-License-Identifier: MIT */
/* The ordered map under all schedules of a few preemptions: support/explore.h. Nodes are freed as soon as
 * can be, and each has the height that its plan gives it. */
#include <ccmem/skipmap.h>
#include "lockfree/skipmap.h"

#define MAP(name) cc_skipmap_##name
#include "support/explore_either_map.h"

enum { LEVELS = 3 };

/* ---- heights ---- */

/* The number from which cci_skipmap_height draws that height: its step, backwards. */
static uint64_t number_before(unsigned height)
{
    const uint64_t factor = UINT64_C(6364136223846793005), drawn = UINT64_C(1) << (height + 31);
    uint64_t       inverse = factor;

    for (int i = 0; i < 6; i++)
        inverse *= 2 - factor * inverse;
    return (drawn - UINT64_C(1442695040888963407)) * inverse;
}

static __attribute__((no_sanitize("thread"))) void set_height(unsigned height)
{
    for (unsigned i = 0; i < CCI_STRIPES; i++)
        it->lot[i].state = number_before(height);
}

/* ---- runs ---- */

static void begin(const void *p)
{
    const plan_t              *plan = p;
    const cc_skipmap_options_t o = { .smr = explore_eager(plan->is_ebr ? CC_SMR_EBR : CC_SMR_IBR),
                                     .compare = plan->compares ? compare : NULL,
                                     .destroy = plan->owns ? count_destroyed : NULL };

    it = cc_skipmap_create(&o);
    cci_skipmap_raise(it, LEVELS);
    do_before(plan);
}

static void prepare(const void *plan, unsigned self)
{
    (void)plan, (void)self;
    explore_join(cc_skipmap_smr(it));
}

static void end(const void *plan)
{
    cc_smr_t *smr = cc_skipmap_smr(it);

    explain();
    EXPLORE_CHECK(cci_skipmap_is_valid(it));
    cc_skipmap_destroy(it);
    end_domain(smr, plan);
}

/* clang-format off */
static const explore_program_t programs[] = {
    PROGRAM("insert-insert", 2, 3,
            .steps = { { { ADD, 2, 2 } }, { { ADD, 2, 3 } } }),
    PROGRAM("insert-insert-beside", 2, 3,
            .steps = { { { PUT, 2, 3 } }, { { PUT, 3, 2 } } }),
    PROGRAM("insert-insert-insert", 3, 2,
            .steps = { { { PUT, 1, 2 } }, { { PUT, 2, 3 } }, { { PUT, 3, 2 } } }),
    PROGRAM("insert-remove", 2, 3,
            .steps = { { { ADD, 2, 3 } }, { { REMOVE, 2 } } }),
    PROGRAM("insert-remove-beside", 2, 2,
            .before = { { PUT, 2, 3 } },
            .steps = { { { ADD, 3, 3 }, { ADD, 1, 2 } }, { { REMOVE, 2 } } }),
    PROGRAM("insert-remove-insert", 3, 1,
            .before = { { PUT, 2, 3 } },
            .steps = { { { ADD, 2, 3 } }, { { REMOVE, 2 } }, { { ADD, 2, 2 } } }),
    PROGRAM("insert-remove-remove", 3, 2,
            .steps = { { { ADD, 2, 3 } }, { { REMOVE, 2 } }, { { REMOVE, 2 } } }),
    PROGRAM("remove-remove", 2, 3,
            .before = { { PUT, 2, 3 } },
            .steps = { { { REMOVE, 2 } }, { { REMOVE, 2 } } }),
    PROGRAM("remove-remove-beside", 2, 2,
            .before = { { PUT, 2, 3 }, { PUT, 3, 3 } },
            .steps = { { { REMOVE, 2 } }, { { REMOVE, 3 } } }),
    PROGRAM("replace-remove", 2, 2,
            .before = { { PUT, 2, 3 } },
            .steps = { { { REPLACE, 2, 2 } }, { { REMOVE, 2 } } }),
    PROGRAM("replace-replace", 2, 2,
            .before = { { PUT, 2, 2 } }, .owns = true,
            .steps = { { { REPLACE, 2, 3 } }, { { PUT, 2, 2 } } }),
    PROGRAM("replace-remove-insert", 3, 1,
            .before = { { PUT, 2, 2 } },
            .steps = { { { REPLACE, 2, 2 } }, { { REMOVE, 2 } }, { { ADD, 1, 2 } } }),
    PROGRAM("pop-insert", 2, 3,
            .before = { { PUT, 2, 2 } },
            .steps = { { { POP } }, { { ADD, 1, 2 } } }),
    PROGRAM("pop-pop", 2, 2,
            .before = { { PUT, 1, 2 }, { PUT, 2, 3 } },
            .steps = { { { POP } }, { { POP } } }),
    PROGRAM("get-replace", 2, 3,
            .before = { { PUT, 2, 3 } },
            .steps = { { { GET, 2 } }, { { REPLACE, 2, 2 }, { REMOVE, 2 } } }),
    PROGRAM("get-remove-insert", 2, 3,
            .before = { { PUT, 2, 3 } },
            .steps = { { { GET, 2 }, { GET, 2 } }, { { REMOVE, 2 }, { ADD, 2, 3 } } }),
    PROGRAM("get-beside", 3, 1,
            .before = { { PUT, 1, 2 }, { PUT, 2, 3 }, { PUT, 3, 2 } },
            .steps = { { { GET, 3 } }, { { REMOVE, 1 }, { REMOVE, 2 } }, { { REPLACE, 3, 3 } } }),
    PROGRAM("get-compared", 2, 2,
            .before = { { PUT, 1, 2 }, { PUT, 2, 3 }, { PUT, 3, 2 } }, .compares = true,
            .steps = { { { GET, 3 } }, { { REMOVE, 1 }, { REMOVE, 2 }, { PUT, 3, 2 } } }),
    PROGRAM("get-behind-removed", 2, 2,
            .before = { { PUT, 1 } },
            .steps = { { { GET, 4 } }, { { ADD, 2 }, { REMOVE, 1 }, { REMOVE, 2 } } }),
    PROGRAM("get-behind-removed-compared", 2, 2,
            .before = { { PUT, 1 } }, .compares = true,
            .steps = { { { GET, 4 } }, { { ADD, 2 }, { REMOVE, 1 }, { REMOVE, 2 } } }),
    PROGRAM("get-new", 3, 2,
            .before = { { PUT, 1 } },
            .steps = { { { GET, 4 } }, { { ADD, 2 } }, { { REMOVE, 2 } } }),
    PROGRAM("neighbours-compared", 2, 2,
            .before = { { PUT, 1, 2 }, { PUT, 3, 2 } }, .compares = true,
            .steps = { { { FLOOR, 3 }, { CEILING, 2 } }, { { REMOVE, 3 }, { ADD, 2, 3 } } }),
    PROGRAM("neighbours", 2, 2,
            .before = { { PUT, 1, 2 }, { PUT, 3, 2 } },
            .steps = { { { FLOOR, 3 }, { CEILING, 2 } }, { { REMOVE, 3 }, { ADD, 2, 3 } } }),
    PROGRAM("ends", 2, 2,
            .before = { { PUT, 1, 2 }, { PUT, 3, 3 } },
            .steps = { { { LAST }, { FIRST } }, { { ADD, 4, 2 }, { REMOVE, 3 }, { REMOVE, 1 } } }),
    PROGRAM("walk-remove", 2, 2,
            .before = { { PUT, 1, 2 }, { PUT, 2, 3 }, { PUT, 3, 2 } },
            .steps = { { { WALK } }, { { REMOVE, 1 }, { REMOVE, 2 } } }),
    PROGRAM("walk-replace", 2, 2,
            .before = { { PUT, 1, 2 }, { PUT, 2, 2 } },
            .steps = { { { WALK } }, { { REPLACE, 1, 2 }, { REPLACE, 2, 2 } } }),
    PROGRAM("insert-remove-ebr", 2, 3,
            .before = { { PUT, 2, 3 } }, .is_ebr = true,
            .steps = { { { ADD, 2, 3 } }, { { REMOVE, 2 } } }),
};
/* clang-format on */

int main(int argc, char **argv)
{
    return EXPLORE_PROGRAMS(argc, argv, programs);
}
