/* SPDX-License-Identifier: MIT */
/* region/slab.h - the memory of a slab (slab_memory.c), for slab.c.
 *
 * Invariants, which cci_slab_is_valid checks:
 *   slots from used on have no word: they were never handed out, or not since generation became as
 *   high as theirs;
 *   every vacant slot below used whose page is there, and which is not worn, is in the list once;
 *   the word of another vacant slot says the generation of its next key;
 *   slots are handled inline only when all in circulation were live at the same time before.
 */
#ifndef CCI_REGION_SLAB_H
#define CCI_REGION_SLAB_H
#include <ccmem/slab.h>

#define CCI_SLAB_END UINT64_MAX /* of the list */

/* The word of a vacant slot that is in no list; generation 0 is worn. */
#define CCI_SLAB_UNLISTED(generation) ((generation) | CC_SLAB_NONE_)
#define CCI_SLAB_WORN                 CCI_SLAB_UNLISTED(UINT64_C(0))

/* The high half of a key or a word, where it stands. */
static inline uint64_t cci_slab_generation(uint64_t word)
{
    return word & ~(CC_SLAB_GENERATION_ - 1);
}

static inline size_t cci_slab_page_bytes(const cc_slab_t *slab)
{
    return slab->stride << slab->page_shift;
}

/* A page; 0: it was given back. */
static inline uintptr_t cci_slab_page(const cc_slab_t *slab, uint32_t page)
{
    return slab->pages[page] + page * cci_slab_page_bytes(slab);
}

/* Whether there is an object in slot index, below used. */
static inline bool cci_slab_is_live(const cc_slab_t *slab, uint32_t index)
{
    return (uint32_t)slab->words[index] == index;
}

/* Whether slot used may be handed out. */
bool cci_slab_has_fresh(const cc_slab_t *slab);

/* Put a slot in the list, with the generation of its next key; a worn one is taken out of
 * circulation. */
void cci_slab_list(cc_slab_t *slab, uint32_t index, uint64_t generation);

/* Take all slots out of the list; and put all that should be there in it, low ones first. */
void cci_slab_unlink(cc_slab_t *slab);
void cci_slab_relink(cc_slab_t *slab);

/* Memory for one page more. false: there is none, and nothing changed. */
bool cci_slab_grow(cc_slab_t *slab);

/* Everything back to the parent. */
void cci_slab_release(cc_slab_t *slab);

/* After a change of used, peak or circulating. */
void cci_slab_set_fast(cc_slab_t *slab);

/* For tests: whether all of the above holds. O(slots). */
bool cci_slab_is_valid(const cc_slab_t *slab);

#endif
