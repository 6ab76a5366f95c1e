/* SPDX-License-Identifier: MIT */
/* An order book: threads put offers at prices and take the cheapest one, and nobody waits. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <ccmem/skipmap.h>

enum { OFFERS = 1000, BUYERS = 2 };

static cc_skipmap_t    *book;
static _Atomic unsigned sold;

/* Prices are spread by a multiplication, so that they come in no order. */
static void *sell(void *unused)
{
    (void)unused;
    for (uintptr_t i = 0; i < OFFERS; i++)
        if (cc_skipmap_put(book, i * 7919 % OFFERS, i) != CC_RESULT_OK)
            return "out of memory";
    return NULL;
}

static void *buy(void *unused)
{
    cc_skipmap_entry_t offer;

    (void)unused;
    while (atomic_load(&sold) < OFFERS / 2)
        if (cc_skipmap_pop_first(book, &offer) == CC_RESULT_OK)
            atomic_fetch_add(&sold, 1);
    return NULL;
}

static size_t print_range(uintptr_t from, uintptr_t to)
{
    cc_skipmap_iter_t  it;
    cc_skipmap_entry_t e;
    size_t             n = 0;

    cc_skipmap_iter_init(&it, book, &from, &to);
    while (cc_skipmap_iter_next(&it, &e) == CC_RESULT_OK)
        if (n++ < 3)
            printf("offer %" PRIuPTR " at %" PRIuPTR "\n", e.value, e.key);
    cc_skipmap_iter_fini(&it);
    return n;
}

int main(void)
{
    pthread_t thread[1 + BUYERS];
    void     *problem = NULL;

    book = cc_skipmap_create(NULL);
    if (!book || pthread_create(&thread[0], NULL, sell, NULL) != 0)
        return 1;
    for (int i = 1; i <= BUYERS; i++)
        if (pthread_create(&thread[i], NULL, buy, NULL) != 0)
            return 1;
    pthread_join(thread[0], &problem);
    for (int i = 1; i <= BUYERS; i++)
        pthread_join(thread[i], NULL);
    if (problem)
        return 1;

    size_t left = print_range(0, OFFERS);
    printf("%u sold, %zu left\n", atomic_load(&sold), left);
    bool all = left == cc_skipmap_len(book) && left + atomic_load(&sold) == OFFERS;
    cc_skipmap_destroy(book);
    return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
