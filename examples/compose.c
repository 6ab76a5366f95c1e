/* SPDX-License-Identifier: MIT */
/* Allocators made of allocators: give a part of a program a budget, see what it does with it, and test it
 * against running out of memory at every single point. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <ccmem/compose.h>

/* ---- the part of the program: it knows an allocator, and not which ---- */

typedef struct word {
    struct word *next;
    size_t       size; /* of the whole, which a free wants to know */
    char         text[];
} word_t;

static void free_words(cc_allocator_t a, word_t *w)
{
    while (w) {
        word_t *next = w->next;
        cc_allocator_free(a, w, w->size, _Alignof(word_t));
        w = next;
    }
}

/* The words of text, the last one first. False: no memory, and none is left taken. */
static bool split(cc_allocator_t a, const char *text, word_t **out)
{
    word_t *words = NULL;

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        const size_t length = strcspn(text, " "), size = sizeof(word_t) + length + 1;
        word_t      *w = cc_allocator_alloc(a, size, _Alignof(word_t));
        if (!w) {
            free_words(a, words);
            return false;
        }
        *w = (word_t){ words, size };
        memcpy(w->text, text, length);
        w->text[length] = '\0';
        words           = w;
        text += length;
    }
    *out = words;
    return true;
}

/* ---- a budget, and what becomes of it ---- */

static void print_stats(const char *who, const cc_track_t *track)
{
    cc_track_stats_t s = cc_track_stats(track);

    printf("%s: %llu blocks, at most %zu bytes at a time, %llu refused\n", who,
           (unsigned long long)s.alloc_count, s.peak_bytes, (unsigned long long)s.refused_count);
    for (unsigned i = 0; i < CC_TRACK_SIZES; i++)
        if (s.size_counts[i])
            printf("    up to %4llu bytes: %llu\n", 1ull << i,
                   (unsigned long long)s.size_counts[i]);
}

/* 128 bytes of the heap; what does not fit comes from the system's allocator. Both are counted. */
static bool split_on_a_budget(const char *text)
{
    cc_limit_t    budget;
    cc_fallback_t either;
    cc_track_t    within, beyond;
    word_t       *words = NULL;

    cc_limit_init(&budget, cc_allocator_heap(), 128);
    cc_track_init(&within, cc_limit_allocator(&budget));
    cc_track_init(&beyond, cc_allocator_system());
    cc_fallback_init(&either, cc_track_allocator(&within), cc_track_allocator(&beyond),
                     cc_allocator_heap());

    cc_allocator_t a    = cc_fallback_allocator(&either);
    bool           done = split(a, text, &words);
    free_words(a, words);
    cc_fallback_fini(&either);
    print_stats("within the budget", &within);
    print_stats("beyond it", &beyond);
    return done && cc_track_stats(&within).live_count + cc_track_stats(&beyond).live_count == 0;
}

/* ---- every failure there can be, once each ---- */

static bool survives_every_failure(const char *text)
{
    cc_failing_t     failing;
    cc_track_t       track;
    cc_track_stats_t s;

    for (uint64_t k = 1;; k++) {
        word_t *words = NULL;
        cc_failing_init(&failing, cc_allocator_heap());
        cc_failing_at(&failing, k);
        cc_track_init(&track, cc_failing_allocator(&failing));
        bool done = split(cc_track_allocator(&track), text, &words);
        free_words(cc_track_allocator(&track), words);
        s = cc_track_stats(&track);
        if (s.live_count > 0)
            return false;
        if (done) /* there is no request number k */
            break;
    }
    printf("each of %llu requests failed once, and nothing leaked\n",
           (unsigned long long)s.alloc_count);
    return true;
}

int main(void)
{
    static const char text[] = "pack my box with five dozen liquor jugs";

    return split_on_a_budget(text) && survives_every_failure(text) ? 0 : 1;
}
