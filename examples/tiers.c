/* SPDX-License-Identifier: MIT */
/* A server in which every lifetime has its tier of memory. It speaks RESP, so redis-cli can talk to it:
 *
 *     tiers          serves a few clients of its own, checks every reply, and ends
 *     tiers PORT     serves on the loopback until somebody says SHUTDOWN
 *
 * general    the heap: sessions, and whatever the other tiers take in turn, counted
 * frame      a scratch: arguments and replies of what one read brought; reset after each
 * hot path   a pool for the entries of the store; the heap for an entry that is too large or too many
 *
 * The bytes of a session come in through a ring, mirrored, so that a request is parsed where it lies, also
 * when it wraps. Replies are sent in one piece, and a client that does not read them is dropped.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <ccmem/compose.h>
#include <ccmem/pool.h>
#include <ccmem/ring.h>
#include <ccmem/scratch.h>

enum {
    SESSIONS_MAX = 64,
    RING_BYTES   = 64 * 1024, /* the largest request */
    ARGS_MAX     = 1024,
    LINE_BYTES   = 16, /* bytes of "*1024\r\n" and the like */
    BUCKETS      = 1024,
    HOT_BLOCK    = 128,
    HOT_BLOCKS   = 256
};

typedef struct slice {
    const char *at;
    size_t      size;
} slice_t;

/* ---- tiers ---- */

typedef struct tiers {
    cc_track_t    general;
    cc_scratch_t  frame;
    cc_pool_t     pool;
    cc_track_t    overflow; /* of the hot path, into the general tier */
    cc_fallback_t hot;
} tiers_t;

static bool tiers_init(tiers_t *t)
{
    cc_track_init(&t->general, cc_allocator_heap());
    cc_allocator_t general = cc_track_allocator(&t->general);

    if (cc_pool_init(&t->pool, general, HOT_BLOCK, 0, HOT_BLOCKS) != CC_RESULT_OK)
        return false;
    cc_track_init(&t->overflow, general);
    cc_fallback_init(&t->hot, cc_pool_allocator(&t->pool), cc_track_allocator(&t->overflow),
                     general);
    cc_scratch_init(&t->frame, general, 0);
    return true;
}

static void tiers_fini(tiers_t *t)
{
    cc_scratch_fini(&t->frame);
    cc_fallback_fini(&t->hot);
    cc_pool_fini(&t->pool);
}

/* ---- the store: on the hot path ---- */

typedef struct entry {
    struct entry *next;
    size_t        key_size, value_size;
    char          bytes[]; /* the key, then the value */
} entry_t;

typedef struct store {
    entry_t       *bucket[BUCKETS];
    cc_allocator_t memory;
} store_t;

/* FNV-1a. */
static size_t bucket_of(slice_t key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ (unsigned char)key.at[i]) * UINT64_C(0x100000001b3);
    return hash % BUCKETS;
}

/* Where the pointer to the entry of a key is; that is NULL where there is none. */
static entry_t **store_find(store_t *s, slice_t key)
{
    entry_t **link = &s->bucket[bucket_of(key)];

    while (*link && !((*link)->key_size == key.size && !memcmp((*link)->bytes, key.at, key.size)))
        link = &(*link)->next;
    return link;
}

static bool store_remove(store_t *s, slice_t key)
{
    entry_t **link = store_find(s, key), *e = *link;

    if (!e)
        return false;
    *link = e->next;
    cc_allocator_free(s->memory, e, sizeof *e + e->key_size + e->value_size, _Alignof(entry_t));
    return true;
}

/* False: no memory, the old value stays. */
static bool store_set(store_t *s, slice_t key, slice_t value)
{
    entry_t *e =
        cc_allocator_alloc(s->memory, sizeof *e + key.size + value.size, _Alignof(entry_t));

    if (!e)
        return false;
    store_remove(s, key);
    entry_t **link = store_find(s, key);
    *e             = (entry_t){ NULL, key.size, value.size };
    memcpy(e->bytes, key.at, key.size);
    memcpy(e->bytes + key.size, value.at, value.size);
    *link = e;
    return true;
}

static void store_clear(store_t *s)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (s->bucket[i])
            store_remove(s, (slice_t){ s->bucket[i]->bytes, s->bucket[i]->key_size });
}

/* ---- parsing, in place ---- */

typedef struct request {
    slice_t *args;
    size_t   count;
} request_t;

typedef enum { DONE, MORE, BROKEN } parsed_t;

static void skip(slice_t *in, size_t size)
{
    in->at += size;
    in->size -= size;
}

/* "*12\r\n", with kind in the place of *; the number is at most max. */
static parsed_t parse_number(slice_t *in, char kind, size_t max, size_t *out)
{
    const size_t look = in->size < LINE_BYTES ? in->size : LINE_BYTES;
    const char  *end  = look ? memchr(in->at, '\n', look) : NULL;
    size_t       n    = 0;

    if (look && in->at[0] != kind)
        return BROKEN;
    if (!end)
        return look < LINE_BYTES ? MORE : BROKEN;
    if (end - in->at < 3 || end[-1] != '\r')
        return BROKEN;
    for (const char *p = in->at + 1; p < end - 1; p++) {
        if (*p < '0' || *p > '9')
            return BROKEN;
        n = n * 10 + (size_t)(*p - '0');
    }
    skip(in, (size_t)(end - in->at) + 1);
    *out = n;
    return n <= max ? DONE : BROKEN;
}

/* "$5\r\nhello\r\n". */
static parsed_t parse_argument(slice_t *in, slice_t *out)
{
    size_t   size;
    parsed_t p = parse_number(in, '$', RING_BYTES, &size);

    if (p != DONE)
        return p;
    if (in->size < size + 2)
        return MORE;
    *out = (slice_t){ in->at, size };
    skip(in, size + 2);
    return memcmp(out->at + size, "\r\n", 2) == 0 ? DONE : BROKEN;
}

/* "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n". Arguments stay where they are, their list is of the frame. */
static parsed_t parse_request(slice_t *in, cc_scratch_t *frame, request_t *out)
{
    parsed_t p = parse_number(in, '*', ARGS_MAX, &out->count);

    if (p != DONE)
        return p;
    out->args = cc_scratch_alloc(frame, out->count * sizeof *out->args, _Alignof(slice_t));
    if (out->count == 0 || !out->args)
        return BROKEN;
    for (size_t i = 0; i < out->count && p == DONE; i++)
        p = parse_argument(in, &out->args[i]);
    return p;
}

/* ---- replies, of the frame ---- */

typedef struct reply {
    cc_scratch_t *frame;
    char         *bytes;
    size_t        size, capacity;
    bool          is_lost; /* no memory */
} reply_t;

static void reply_add(reply_t *r, const char *bytes, size_t size)
{
    if (size > r->capacity - r->size) {
        const size_t capacity = 2 * (r->size + size);
        char        *grown    = cc_scratch_resize(r->frame, r->bytes, r->capacity, capacity, 1);
        if (!grown) {
            r->is_lost = true;
            return;
        }
        r->bytes    = grown;
        r->capacity = capacity;
    }
    memcpy(r->bytes + r->size, bytes, size);
    r->size += size;
}

static void reply_text(reply_t *r, const char *text)
{
    reply_add(r, text, strlen(text));
}

static void reply_number(reply_t *r, char kind, size_t n)
{
    char line[32];

    reply_add(r, line, (size_t)snprintf(line, sizeof line, "%c%zu\r\n", kind, n));
}

static void reply_bytes(reply_t *r, const char *bytes, size_t size)
{
    reply_number(r, '$', size);
    reply_add(r, bytes, size);
    reply_text(r, "\r\n");
}

/* ---- commands ---- */

typedef struct server {
    tiers_t tiers;
    store_t store;
    size_t  requests, frames;
    bool    is_over;
} server_t;

static void do_ping(server_t *s, const request_t *q, reply_t *r)
{
    (void)s, (void)q;
    reply_text(r, "+PONG\r\n");
}

static void do_set(server_t *s, const request_t *q, reply_t *r)
{
    reply_text(r, store_set(&s->store, q->args[1], q->args[2]) ? "+OK\r\n" : "-OOM no memory\r\n");
}

static void do_get(server_t *s, const request_t *q, reply_t *r)
{
    const entry_t *e = *store_find(&s->store, q->args[1]);

    if (e)
        reply_bytes(r, e->bytes + e->key_size, e->value_size);
    else
        reply_text(r, "$-1\r\n");
}

static void do_del(server_t *s, const request_t *q, reply_t *r)
{
    size_t removed = 0;

    for (size_t i = 1; i < q->count; i++)
        removed += store_remove(&s->store, q->args[i]);
    reply_number(r, ':', removed);
}

static void do_shutdown(server_t *s, const request_t *q, reply_t *r)
{
    (void)q;
    s->is_over = true;
    reply_text(r, "+OK\r\n");
}

static void execute(server_t *s, const request_t *q, reply_t *r)
{
    static const struct {
        const char *name;
        size_t      least, most; /* arguments, the name included */
        void (*run)(server_t *s, const request_t *q, reply_t *r);
    } commands[]       = { { "GET", 2, 2, do_get },
                           { "SET", 3, 3, do_set },
                           { "DEL", 2, ARGS_MAX, do_del },
                           { "PING", 1, 1, do_ping },
                           { "SHUTDOWN", 1, 1, do_shutdown } };
    const slice_t name = q->args[0];

    s->requests++;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].name) == name.size &&
            strncasecmp(commands[i].name, name.at, name.size) == 0) {
            if (q->count >= commands[i].least && q->count <= commands[i].most)
                commands[i].run(s, q, r);
            else
                reply_text(r, "-ERR wrong number of arguments\r\n");
            return;
        }
    reply_text(r, "-ERR unknown command\r\n");
}

/* ---- sessions ---- */

typedef struct session {
    int       socket;
    cc_ring_t in;
} session_t;

static session_t *session_create(server_t *s, int socket)
{
    cc_allocator_t general = cc_track_allocator(&s->tiers.general);
    session_t     *c       = cc_allocator_alloc(general, sizeof *c, _Alignof(session_t));

    if (c && cc_ring_init(&c->in, general, RING_BYTES, CC_RING_MIRRORED) == CC_RESULT_OK) {
        c->socket = socket;
        return c;
    }
    cc_allocator_free(general, c, sizeof *c, _Alignof(session_t));
    close(socket);
    return NULL;
}

static void session_destroy(server_t *s, session_t *c)
{
    close(c->socket);
    cc_ring_fini(&c->in);
    cc_allocator_free(cc_track_allocator(&s->tiers.general), c, sizeof *c, _Alignof(session_t));
}

/* All that was received and not used, in one piece: where it lies, or, if the system could not mirror and it
 * wraps, as a copy of the frame. Size 0: no memory for that. */
static slice_t session_input(session_t *c, cc_scratch_t *frame)
{
    const size_t used = cc_ring_stats(&c->in).used;
    slice_t      in;

    in.at = cc_ring_view(&c->in, &in.size);
    if (in.size == used)
        return in;
    char *copy = cc_scratch_alloc(frame, used, 1);
    return (slice_t){ copy, copy ? cc_ring_peek(&c->in, copy, used) : 0 };
}

/* Do what the input asks for. False: it is no request, or too large for one. */
static bool execute_input(server_t *s, session_t *c, reply_t *r)
{
    slice_t   in = session_input(c, &s->tiers.frame), rest = in;
    request_t q;
    parsed_t  p;

    while ((p = parse_request(&rest, &s->tiers.frame, &q)) == DONE) {
        execute(s, &q, r);
        if (!cc_ring_try_advance(&c->in, in.size - rest.size))
            return false;
        in = rest;
    }
    return p == MORE && cc_ring_stats(&c->in).used < cc_ring_stats(&c->in).capacity;
}

static bool send_all(int socket, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);
        if (sent < 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* One frame: what one read brings. False: the session is over. */
static bool session_serve(server_t *s, session_t *c)
{
    size_t  room;
    void   *place = cc_ring_reserve(&c->in, &room);
    ssize_t got   = place ? recv(c->socket, place, room, 0) : 0;

    if (got <= 0)
        return false;
    cc_ring_commit(&c->in, (size_t)got);

    reply_t r     = { .frame = &s->tiers.frame };
    bool    is_on = execute_input(s, c, &r);
    if (!is_on)
        reply_text(&r, "-ERR protocol error\r\n");
    is_on = send_all(c->socket, r.bytes, r.size) && is_on && !r.is_lost;
    cc_scratch_reset(&s->tiers.frame);
    s->frames++;
    return is_on;
}

/* ---- the server ---- */

/* A listening socket on the loopback; *port 0 becomes any free one. */
static int listen_on(in_port_t *port)
{
    struct sockaddr_in address = { .sin_family      = AF_INET,
                                   .sin_port        = htons(*port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          size    = sizeof address;
    int                s       = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(s, (struct sockaddr *)&address, size) != 0 || listen(s, SESSIONS_MAX) != 0 ||
        getsockname(s, (struct sockaddr *)&address, &size) != 0)
        return -1;
    *port = ntohs(address.sin_port);
    return s;
}

static session_t *accept_session(server_t *s, int listener)
{
    const struct timeval patience = { .tv_sec = 5 };
    int                  socket   = accept(listener, NULL, NULL);

    if (socket < 0)
        return NULL;
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return session_create(s, socket);
}

/* Until somebody says SHUTDOWN. */
static void serve(server_t *s, int listener)
{
    session_t    *session[SESSIONS_MAX];
    struct pollfd ready[SESSIONS_MAX + 1]; /* the listener's is behind those of the sessions */
    nfds_t        n = 0;

    while (!s->is_over) {
        for (nfds_t i = 0; i < n; i++)
            ready[i] = (struct pollfd){ .fd = session[i]->socket, .events = POLLIN };
        ready[n] = (struct pollfd){ .fd = n < SESSIONS_MAX ? listener : -1, .events = POLLIN };
        if (poll(ready, n + 1, -1) < 0)
            break;
        if (ready[n].revents) {
            session[n] = accept_session(s, listener);
            if (session[n])
                ready[n++].revents = 0;
        }
        for (nfds_t i = n; i-- > 0;)
            if (ready[i].revents && !session_serve(s, session[i])) {
                session_destroy(s, session[i]);
                session[i] = session[--n];
            }
    }
    while (n > 0)
        session_destroy(s, session[--n]);
}

/* ---- clients, to see it work ---- */

enum { CLIENTS = 3, ROUNDS = 300, KEYS = 100, BATCH = 20, LARGE = 1000 };

typedef struct client {
    pthread_t thread;
    in_port_t port;
    int       number;
    bool      is_content;
} client_t;

static int connect_to(in_port_t port)
{
    struct sockaddr_in address = { .sin_family      = AF_INET,
                                   .sin_port        = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int                s       = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    if (connect(s, (struct sockaddr *)&address, sizeof address) == 0)
        return s;
    close(s);
    return -1;
}

/* Send what is asked, in two pieces, and see whether exactly what is expected comes back. */
static bool converse(int socket, const char *asked, size_t asked_size, const char *expected,
                     size_t expected_size)
{
    static _Thread_local char got[BATCH * (LARGE + 100)];
    const size_t              half = asked_size / 2;

    return send_all(socket, asked, half) && send_all(socket, asked + half, asked_size - half) &&
           recv(socket, got, expected_size, MSG_WAITALL) == (ssize_t)expected_size &&
           memcmp(got, expected, expected_size) == 0;
}

/* Set, get and often delete a batch of keys at once; values are of many sizes, some large. */
static bool do_batch(int socket, int client, int round, int first)
{
    static _Thread_local char asked[BATCH * (LARGE + 200)], expected[BATCH * (LARGE + 100)];
    size_t                    a = 0, e = 0;

    for (int k = first; k < first + BATCH; k++) {
        char key[32];
        int  key_size   = snprintf(key, sizeof key, "client%d:key%d", client, k);
        int  value_size = (k + round) % 10 == 0 ? LARGE : (k * 7 + round) % 80;
        a += (size_t)sprintf(asked + a, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%0*d\r\n", key_size,
                             key, value_size + 1, value_size + 1, round % 10);
        a += (size_t)sprintf(asked + a, "*2\r\n$3\r\nget\r\n$%d\r\n%s\r\n", key_size, key);
        e += (size_t)sprintf(expected + e, "+OK\r\n$%d\r\n%0*d\r\n", value_size + 1, value_size + 1,
                             round % 10);
        if (k % 3) {
            a += (size_t)sprintf(asked + a, "*2\r\n$3\r\nDEL\r\n$%d\r\n%s\r\n", key_size, key);
            e += (size_t)sprintf(expected + e, ":1\r\n");
        }
    }
    return converse(socket, asked, a, expected, e);
}

static void *run_client(void *arg)
{
    client_t *c      = arg;
    int       socket = connect_to(c->port);

    c->is_content = socket >= 0;
    for (int round = 0; round < ROUNDS && c->is_content; round++)
        for (int first = 0; first < KEYS && c->is_content; first += BATCH)
            c->is_content = do_batch(socket, c->number, round, first);
    close(socket);
    return NULL;
}

/* All clients, and then the one who ends it. */
static void *run_clients(void *arg)
{
    static const char shutdown[] = "*1\r\n$8\r\nSHUTDOWN\r\n";
    client_t         *c          = arg;

    for (int i = 0; i < CLIENTS; i++)
        if (pthread_create(&c[i].thread, NULL, run_client, &c[i]) != 0)
            abort();
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(c[i].thread, NULL);
    int socket = connect_to(c->port);
    if (!converse(socket, shutdown, sizeof shutdown - 1, "+OK\r\n", 5))
        abort();
    close(socket);
    return NULL;
}

static bool serve_own_clients(server_t *s, int listener, in_port_t port)
{
    client_t  client[CLIENTS];
    pthread_t clients;
    bool      are_content = true;

    for (int i = 0; i < CLIENTS; i++)
        client[i] = (client_t){ .port = port, .number = i };
    if (pthread_create(&clients, NULL, run_clients, client) != 0)
        return false;
    serve(s, listener);
    pthread_join(clients, NULL);
    for (int i = 0; i < CLIENTS; i++)
        are_content &= client[i].is_content;
    return are_content;
}

/* ---- what it came to ---- */

static void print_tiers(const server_t *s)
{
    const cc_track_stats_t general = cc_track_stats(&s->tiers.general);
    const cc_track_stats_t beyond  = cc_track_stats(&s->tiers.overflow);
    const cc_arena_stats_t frame   = cc_scratch_stats(&s->tiers.frame);
    const cc_pool_stats_t  pool    = cc_pool_stats(&s->tiers.pool);

    printf("%zu requests in %zu frames\n", s->requests, s->frames);
    printf("general   %llu blocks, at most %zu bytes\n", (unsigned long long)general.alloc_count,
           general.peak_bytes);
    printf("frame     at most %zu bytes; %llu blocks of the general tier in all\n", frame.peak,
           (unsigned long long)frame.parent_allocs);
    printf(
        "hot path  %llu entries from the pool, %llu of them in used blocks; %llu from the general "
        "tier\n",
        (unsigned long long)pool.alloc_count, (unsigned long long)pool.reuse_count,
        (unsigned long long)beyond.alloc_count);
}

/* After a run of some length: frames live on what earlier ones left, and nothing is left over. */
static bool is_as_it_should_be(server_t *s)
{
    const cc_arena_stats_t frame = cc_scratch_stats(&s->tiers.frame);

    store_clear(&s->store);
    const bool is_clear = frame.used == 0 && cc_pool_stats(&s->tiers.pool).live == 0 &&
                          cc_track_stats(&s->tiers.overflow).live_count == 0;
    tiers_fini(&s->tiers);
    return is_clear && frame.parent_allocs < s->frames / 10 + 10 &&
           cc_track_stats(&s->tiers.general).live_count == 0;
}

int main(int argc, char **argv)
{
    static server_t server;
    in_port_t       port     = argc > 1 ? (in_port_t)atoi(argv[1]) : 0;
    int             listener = listen_on(&port);
    bool            is_well  = true;

    if (listener < 0 || !tiers_init(&server.tiers)) {
        perror("tiers");
        return 1;
    }
    server.store.memory = cc_fallback_allocator(&server.tiers.hot);
    if (argc > 1)
        serve(&server, listener);
    else
        is_well = serve_own_clients(&server, listener, port);
    close(listener);
    print_tiers(&server);
    return is_as_it_should_be(&server) && is_well ? 0 : 1;
}
