/* SPDX-License-Identifier: MIT */
/* The tree under all schedules of a few preemptions: support/explore.h. */
#include <ccmem/bst.h>
#include "lockfree/bst.h"

#define MAP(name) cc_bst_##name
#include "support/explore_either_map.h"

static void set_height(unsigned height)
{
    (void)height;
}

/* ---- runs ---- */

static void begin(const void *p)
{
    const plan_t          *plan = p;
    const cc_bst_options_t o    = { .smr     = explore_eager(plan->is_ebr ? CC_SMR_EBR : CC_SMR_IBR),
                                    .compare = plan->compares ? compare : NULL,
                                    .destroy = plan->owns ? count_destroyed : NULL };

    it = cc_bst_create(&o);
    do_before(plan);
}

static void prepare(const void *plan, unsigned self)
{
    (void)plan, (void)self;
    explore_join(cc_bst_smr(it));
}

static void end(const void *plan)
{
    cc_smr_t *smr = cc_bst_smr(it);

    explain();
    EXPLORE_CHECK(cci_bst_is_valid(it));
    cc_bst_destroy(it);
    end_domain(smr, plan);
}

/* Of 2, 1, 3 the leaves of 1 and 2 are siblings, whose parent is the sibling of 3. */
/* clang-format off */
static const explore_program_t programs[] = {
    PROGRAM("insert-insert-empty", 2, 2,
            .steps = { { { ADD, 2 } }, { { ADD, 2 } } }),
    PROGRAM("insert-insert-beside", 2, 2,
            .before = { { PUT, 2 } },
            .steps = { { { PUT, 1 } }, { { PUT, 3 } } }),
    PROGRAM("insert-insert-below", 2, 2,
            .before = { { PUT, 1 }, { PUT, 2 } },
            .steps = { { { ADD, 3 } }, { { ADD, 3 } } }),
    PROGRAM("insert-insert-insert", 3, 1,
            .steps = { { { PUT, 1 } }, { { PUT, 2 } }, { { PUT, 3 } } }),
    PROGRAM("insert-remove", 2, 3,
            .before = { { PUT, 2 } },
            .steps = { { { ADD, 2 } }, { { REMOVE, 2 } } }),
    PROGRAM("insert-remove-empty", 2, 3,
            .steps = { { { ADD, 2 } }, { { REMOVE, 2 } } }),
    PROGRAM("insert-beside-removed", 2, 2,
            .before = { { PUT, 2 }, { PUT, 4 } },
            .steps = { { { PUT, 1 } }, { { REMOVE, 2 } } }),
    PROGRAM("insert-at-sibling", 2, 2,
            .before = { { PUT, 2 }, { PUT, 4 } },
            .steps = { { { PUT, 3 } }, { { REMOVE, 2 } } }),
    PROGRAM("remove-remove", 2, 3,
            .before = { { PUT, 2 }, { PUT, 3 } },
            .steps = { { { REMOVE, 2 } }, { { REMOVE, 2 } } }),
    PROGRAM("remove-siblings", 2, 2,
            .before = { { PUT, 2 }, { PUT, 1 }, { PUT, 3 } },
            .steps = { { { REMOVE, 1 } }, { { REMOVE, 2 } } }),
    PROGRAM("remove-parent-and-child", 2, 2,
            .before = { { PUT, 2 }, { PUT, 1 }, { PUT, 3 } },
            .steps = { { { REMOVE, 1 } }, { { REMOVE, 3 } } }),
    PROGRAM("remove-chain", 3, 1,
            .before = { { PUT, 1 }, { PUT, 2 }, { PUT, 3 }, { PUT, 4 } },
            .steps = { { { REMOVE, 1 } }, { { REMOVE, 2 } }, { { REMOVE, 3 } } }),
    PROGRAM("remove-remove-insert", 3, 1,
            .before = { { PUT, 2 }, { PUT, 4 } },
            .steps = { { { REMOVE, 2 } }, { { REMOVE, 4 } }, { { PUT, 3 } } }),
    PROGRAM("replace-remove", 2, 2,
            .before = { { PUT, 2 } },
            .steps = { { { REPLACE, 2 } }, { { REMOVE, 2 } } }),
    PROGRAM("replace-replace-owned", 2, 2,
            .before = { { PUT, 2 } }, .owns = true,
            .steps = { { { REPLACE, 2 } }, { { PUT, 2 } } }),
    PROGRAM("owned", 2, 2,
            .before = { { PUT, 2 }, { PUT, 3 } }, .owns = true,
            .steps = { { { ADD, 1 }, { REMOVE, 2 } }, { { REMOVE, 3 } } }),
    PROGRAM("pop-insert", 2, 2,
            .before = { { PUT, 2 }, { PUT, 3 } },
            .steps = { { { POP } }, { { ADD, 1 } } }),
    PROGRAM("pop-pop", 2, 2,
            .before = { { PUT, 1 }, { PUT, 2 }, { PUT, 3 } },
            .steps = { { { POP } }, { { POP } } }),
    PROGRAM("get-beside", 3, 1,
            .before = { { PUT, 2 }, { PUT, 1 }, { PUT, 3 } },
            .steps = { { { GET, 1 } }, { { REMOVE, 2 } }, { { REMOVE, 3 } } }),
    PROGRAM("get-insert-remove", 2, 2,
            .before = { { PUT, 2 }, { PUT, 1 } },
            .steps = { { { GET, 1 } }, { { ADD, 3 }, { REMOVE, 2 }, { REPLACE, 1 } } }),
    PROGRAM("get-below-removed", 2, 2,
            .before = { { PUT, 1 }, { PUT, 3 } },
            .steps = { { { GET, 1 } }, { { ADD, 2 }, { REMOVE, 3 }, { REMOVE, 2 } } }),
    PROGRAM("get-below-two-removed", 2, 2,
            .before = { { PUT, 1 }, { PUT, 2 }, { PUT, 4 } },
            .steps = { { { GET, 2 } }, { { ADD, 3 }, { REMOVE, 1 }, { REMOVE, 4 }, { REMOVE, 3 } } }),
    PROGRAM("get-new", 2, 3,
            .before = { { PUT, 1 } },
            .steps = { { { GET, 2 } }, { { ADD, 2 }, { REMOVE, 2 } } }),
    PROGRAM("get-new-below", 2, 3,
            .before = { { PUT, 1 }, { PUT, 2 } },
            .steps = { { { GET, 3 } }, { { ADD, 3 }, { REMOVE, 3 } } }),
    PROGRAM("neighbours", 2, 2,
            .before = { { PUT, 1 }, { PUT, 3 }, { PUT, 4 } },
            .steps = { { { CEILING, 2 }, { FLOOR, 3 } }, { { ADD, 2 }, { REMOVE, 3 } } }),
    PROGRAM("neighbours-gone", 2, 2,
            .before = { { PUT, 1 }, { PUT, 3 } },
            .steps = { { { CEILING, 2 } }, { { REMOVE, 3 }, { ADD, 2 } } }),
    PROGRAM("ends", 2, 2,
            .before = { { PUT, 1 }, { PUT, 3 } },
            .steps = { { { LAST }, { FIRST } }, { { ADD, 4 }, { REMOVE, 3 }, { REMOVE, 1 } } }),
    PROGRAM("walk-remove", 2, 2,
            .before = { { PUT, 1 }, { PUT, 2 }, { PUT, 3 } }, .owns = true,
            .steps = { { { WALK } }, { { REMOVE, 2 }, { REPLACE, 1 } } }),
    PROGRAM("insert-remove-ebr", 2, 2,
            .before = { { PUT, 2 } }, .is_ebr = true,
            .steps = { { { ADD, 1 } }, { { REMOVE, 2 } } }),
};
/* clang-format on */

int main(int argc, char **argv)
{
    return EXPLORE_PROGRAMS(argc, argv, programs);
}
