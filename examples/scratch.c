/* SPDX-License-Identifier: MIT */
/* Memory for a frame and for a function: particles are sorted and described in each frame; nothing
 * is freed by hand, and after the first frame nobody is asked for memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ccmem/scratch.h>

enum { FRAMES = 100, PARTICLES = 1000 };

typedef struct particle {
    unsigned id, depth;
} particle_t;

static int by_depth(const void *a, const void *b)
{
    const particle_t *x = a, *y = b;

    return (x->depth > y->depth) - (x->depth < y->depth);
}

/* The result is the caller's, in the scratch that it names; what is only needed here is in another
 * one of this thread, and ends with the function. */
static const char *describe(cc_scratch_t *out, const particle_t *p, size_t count)
{
    cc_scratch_t *mine = cc_scratch_thread(&out, 1);
    if (!mine)
        return NULL;
    cc_scratch_scope_t scope = cc_scratch_begin(mine);
    size_t             room = 16 * count, length = 0;
    char              *text   = cc_scratch_alloc_zero(mine, room, 1);
    const char        *result = NULL;

    if (text) {
        for (size_t i = 0; i < count && length + 16 < room; i++)
            length += (size_t)snprintf(text + length, room - length, "%u ", p[i].id);
        result = cc_scratch_copy(out, text, length + 1, 1);
    }
    cc_scratch_end(scope);
    return result;
}

/* The ids of the nearest ones, or NULL. */
static const char *draw(cc_scratch_t *s, const particle_t *all, unsigned frame)
{
    particle_t *p = cc_scratch_copy(s, all, PARTICLES * sizeof *p, _Alignof(particle_t));

    if (!p)
        return NULL;
    for (unsigned i = 0; i < PARTICLES; i++)
        p[i].depth = (p[i].depth * 31 + frame * 17) % 1009;
    qsort(p, PARTICLES, sizeof *p, by_depth);
    return describe(s, p, 5);
}

int main(void)
{
    static particle_t all[PARTICLES];
    cc_scratch_t      frame_memory;
    size_t            longest = 0;

    for (unsigned i = 0; i < PARTICLES; i++)
        all[i] = (particle_t){ i, i * 7 % 1009 };
    cc_scratch_init(&frame_memory, cc_allocator_heap(), 0);
    for (unsigned frame = 0; frame < FRAMES; frame++) {
        const char *nearest = draw(&frame_memory, all, frame);
        if (!nearest)
            return 1;
        longest = strlen(nearest) > longest ? strlen(nearest) : longest;
        if (frame < 3)
            printf("frame %u: %s\n", frame, nearest);
        cc_scratch_reset(&frame_memory);
    }
    cc_arena_stats_t s = cc_scratch_stats(&frame_memory);
    printf("%d frames of at most %zu bytes: %zu bytes from the heap, in %llu requests\n", FRAMES,
           s.peak, s.reserved, (unsigned long long)s.parent_allocs);
    cc_scratch_fini(&frame_memory);
    return longest > 0 && s.parent_allocs <= 2 && s.used == 0 ? 0 : 1;
}
