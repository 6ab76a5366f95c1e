/* SPDX-License-Identifier: MIT */
/* Code whose functions, inlined calls and lines are known: at_leaf is in leaf, which is inlined
 * into middle, which is inlined into outer. A comment after a line is its name in the tests. */

/* A label for an address; it has no size and is no function. */
#define LABEL(name) __asm__ volatile(".globl " #name "\n" #name ": nop")

#define INLINE static inline __attribute__((always_inline))

/* Without size, the only code of its section: reaches to the end of it, four instructions on. */
__asm__(".section lonely, \"ax\"\n"
        ".globl lonely_unsized\n.type lonely_unsized, %function\n"
        "lonely_unsized: nop\nnop\nnop\nnop\n"
        ".previous\n");

/* Code that belongs to no function, two functions back to back, and such code again. */
__asm__(".section paired, \"ax\"\n"
        ".globl paired_before\n.type paired_before, %object\npaired_before: nop\nnop\nnop\nnop\n"
        ".globl paired_first\n.type paired_first, %function\n"
        "paired_first: nop\nnop\n.size paired_first, . - paired_first\n"
        ".globl paired_second\n.type paired_second, %function\n"
        "paired_second: nop\nnop\n.size paired_second, . - paired_second\n"
        ".globl paired_gap\n.type paired_gap, %object\npaired_gap: nop\nnop\nnop\nnop\n"
        /* One address, four names: the global function with a size is the best. */
        ".globl __aliased\n.type __aliased, %function\n"
        ".weak a_weak_alias\n.type a_weak_alias, %function\n"
        ".globl a_sizeless_alias\n.type a_sizeless_alias, %function\n"
        ".globl aliased\n.type aliased, %function\n"
        "a_local_alias: __aliased: a_weak_alias: a_sizeless_alias: aliased: nop\n"
        ".size aliased, . - aliased\n.size __aliased, . - __aliased\n"
        ".size a_weak_alias, . - a_weak_alias\n"
        ".previous\n");

INLINE void leaf(void)
{
    LABEL(at_leaf); /* leaf */
}

INLINE void middle(void)
{
    leaf();           /* call of leaf */
    LABEL(at_middle); /* middle */
}

__attribute__((noinline)) void outer(void)
{
    middle();        /* call of middle */
    LABEL(at_outer); /* outer */
}

#ifdef WITH_DROPPED
/* Nobody calls it: a linker that drops it leaves its debug information, at address 0 and on. */
void dropped(void)
{
    __asm__ volatile(".skip 65536");
}
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define WITH_NESTED
#endif

int main(void)
{
#ifdef WITH_NESTED
    __attribute__((noinline, noclone)) void nested(void)
    {
        LABEL(at_nested); /* nested */
    }
    nested();
#endif
    outer();
    return 0;
}
