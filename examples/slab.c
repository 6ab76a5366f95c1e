/* SPDX-License-Identifier: MIT */
/* Sessions of a server, named by keys: a client that comes back with the key of a session that has
 * ended is told so, and does not get the session of whoever came after. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <ccmem/slab.h>

typedef struct session {
    char     user[24];
    unsigned requests;
} session_t;

static cc_slab_key_t log_in(cc_slab_t *sessions, const char *user)
{
    const session_t fresh = { .requests = 0 };
    cc_slab_key_t   key;
    session_t      *s = cc_slab_insert_from(sessions, &fresh, sizeof fresh, &key);

    if (!s)
        return 0;
    snprintf(s->user, sizeof s->user, "%s", user);
    return key;
}

/* Whether the session is still there. */
static bool request(cc_slab_t *sessions, cc_slab_key_t key)
{
    session_t *s = cc_slab_get(sessions, key);

    if (s)
        printf("%s: request %u\n", s->user, ++s->requests);
    else
        printf("%016" PRIx64 ": your session has ended\n", key);
    return s != NULL;
}

/* End the sessions without a request, while going through all. */
static size_t end_idle(cc_slab_t *sessions)
{
    size_t ended = 0;

    for (cc_slab_key_t key = 0; (key = cc_slab_iterate(sessions, key)) != 0;) {
        const session_t *s = cc_slab_get(sessions, key);
        if (s->requests == 0)
            ended += cc_slab_remove(sessions, key) == CC_RESULT_OK;
    }
    return ended;
}

int main(void)
{
    cc_slab_t sessions;

    if (cc_slab_init(&sessions, cc_allocator_heap(), sizeof(session_t), 0, 0) != CC_RESULT_OK)
        return 1;
    cc_slab_key_t ada = log_in(&sessions, "ada"), bob = log_in(&sessions, "bob");
    if (ada == 0 || bob == 0)
        return 1;

    bool   served = request(&sessions, ada);
    size_t ended  = end_idle(&sessions);
    /* eve gets bob's slot, and another key. */
    cc_slab_key_t eve   = log_in(&sessions, "eve");
    bool          apart = eve != bob && !request(&sessions, bob) && request(&sessions, eve);

    cc_slab_stats_t stats = cc_slab_stats(&sessions);
    printf("%zu sessions, at most %zu; %zu bytes reserved\n", stats.live, stats.peak,
           stats.reserved_bytes);
    bool counted = ended == 1 && stats.live == 2 && stats.peak == 2;
    cc_slab_fini(&sessions);
    return served && apart && counted ? 0 : 1;
}
