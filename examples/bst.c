/* SPDX-License-Identifier: MIT */
/* Sessions of a server by their number: threads open and close them while another one looks for those in a
 * range, without any of them waiting. */
#include <pthread.h>
#include <stdio.h>
#include <ccmem/bst.h>

enum { THREADS = 2, SESSIONS = 20000, STAYING = 100 };

static cc_bst_t *sessions;

/* Opens many, and closes all but every hundredth. Numbers come in no order, so the tree is no list. */
static void *serve(void *argument)
{
    const uintptr_t first    = *(const uintptr_t *)argument;
    uintptr_t       failures = 0;

    for (uintptr_t i = 0; i < SESSIONS; i++) {
        uintptr_t number = first + THREADS * (i * 7919 % SESSIONS);
        failures += cc_bst_put(sessions, number, i) != CC_RESULT_OK;
        if (i % STAYING != 0)
            failures += cc_bst_remove(sessions, number, NULL) != CC_RESULT_OK;
    }
    return failures ? argument : NULL;
}

/* How many there are from one number on, below another. */
static size_t count(uintptr_t from, uintptr_t to)
{
    cc_bst_iter_t  i;
    cc_bst_entry_t session;
    size_t         n = 0;

    cc_bst_iter_init(&i, sessions, &from, &to);
    while (cc_bst_iter_next(&i, &session) == CC_RESULT_OK)
        n++;
    return n;
}

int main(void)
{
    uintptr_t      first[THREADS];
    pthread_t      thread[THREADS];
    cc_bst_entry_t lowest;
    int            failed = 0;

    sessions = cc_bst_create(NULL);
    if (!sessions)
        return 1;
    for (uintptr_t t = 0; t < THREADS; t++) {
        first[t] = t;
        failed |= pthread_create(&thread[t], NULL, serve, &first[t]);
    }
    if (failed)
        return 1;
    failed = count(0, 1000) > 1000; /* a look while they work */
    for (int t = 0; t < THREADS; t++) {
        void *result;
        pthread_join(thread[t], &result);
        failed |= result != NULL;
    }
    size_t all = count(0, UINTPTR_MAX);
    printf("%zu sessions, %zu by count\n", cc_bst_len(sessions), all);
    failed |=
        all != THREADS * SESSIONS / STAYING || cc_bst_first(sessions, &lowest) != CC_RESULT_OK;
    cc_bst_destroy(sessions);
    return failed;
}
