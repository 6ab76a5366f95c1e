/* SPDX-License-Identifier: MIT */
/* maps.h - one ordered map between threads, as its users call it, behind the names that map.c uses. For
 * how contestants are compiled see ../region/regions.h.
 *
 *   map_begin(count)                    before anything else; keys are below count
 *   map_get(key)                        whether it is there; its value has been read
 *   map_put(key, value)                 it has this value now
 *   map_put_if_absent(key, value)       whether it was not there before; no other put has that value
 *   map_remove(key)                     whether it was
 *   map_count(said)                     how many entries there are to be, so many by the results of calls
 *
 * A key is a number, or with KEYS a pointer to a struct of the program's, which a function of the
 * program's compares: what a map of anything costs. Nobody gets that function inline.
 */
#ifndef MAPS_H
#define MAPS_H
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <ccbench.h>

struct key {
    uint64_t number;
};

#if defined(KEYS)
static struct key *keys;

static inline void make_keys(uint32_t count)
{
    keys = (struct key *)malloc(count * sizeof *keys);
    if (!keys)
        ccbench_fail("map", "no memory");
    for (uint32_t i = 0; i < count; i++)
        keys[i].number = i;
}

__attribute__((noinline, noclone)) static int compare_keys(const struct key *a, const struct key *b)
{
    return (a->number > b->number) - (a->number < b->number);
}

#define KEY(i)       (&keys[i])
#define KEY_COMPARED KEY(key), compare_keys
#else
static inline void make_keys(uint32_t count)
{
    (void)count;
}

#define KEY(i)       ((uint64_t)(i))
#define KEY_COMPARED KEY(key)
#endif

#if defined(CONTESTANT_skipmap) || defined(CONTESTANT_bst)
#if defined(CONTESTANT_skipmap)
#include <ccmem/skipmap.h>
#define CC(name) cc_skipmap_##name
#else
#include <ccmem/bst.h>
#define CC(name) cc_bst_##name
#endif

static CC(t) * map;

#if defined(KEYS)
static int compare_words(uintptr_t a, uintptr_t b, void *context)
{
    (void)context;
    return compare_keys((const struct key *)a, (const struct key *)b);
}
#else
#define compare_words NULL
#endif

/* Neither found nor there before is what is asked; anything else is no memory. */
static inline bool map_is(cc_result_t result, cc_result_t otherwise)
{
    if (result != CC_RESULT_OK && result != otherwise)
        ccbench_fail("map", "no memory");
    return result == CC_RESULT_OK;
}

static inline void map_begin(uint32_t count)
{
    CC(options_t) options = { .compare = compare_words };

    make_keys(count);
    map = CC(create)(&options);
    if (!map)
        ccbench_fail("map", "no memory");
}

static inline bool map_get(uint32_t key)
{
    uintptr_t value;

    if (!map_is(CC(get)(map, (uintptr_t)KEY(key), &value), CC_RESULT_NOT_FOUND))
        return false;
    ccbench_use(value);
    return true;
}

static inline void map_put(uint32_t key, uint64_t value)
{
    map_is(CC(put)(map, (uintptr_t)KEY(key), value), CC_RESULT_OK);
}

static inline bool map_put_if_absent(uint32_t key, uint64_t value)
{
    return map_is(CC(put_if_absent)(map, (uintptr_t)KEY(key), value), CC_RESULT_EXISTS);
}

static inline bool map_remove(uint32_t key)
{
    return map_is(CC(remove)(map, (uintptr_t)KEY(key), NULL), CC_RESULT_NOT_FOUND);
}

#elif defined(CONTESTANT_crossbeam)
/* ../crossbeam/src/map.rs */
#if defined(KEYS)
typedef int compare_fn(const struct key *a, const struct key *b);
#define CROSSBEAM(name) crossbeam_keys_##name
#define CROSSBEAM_KEY   const struct key *key, compare_fn *compare
#else
#define CROSSBEAM(name) crossbeam_numbers_##name
#define CROSSBEAM_KEY   uint64_t key
#endif

void  *CROSSBEAM(new)(void);
bool   CROSSBEAM(get)(void *map, CROSSBEAM_KEY);
void   CROSSBEAM(put)(void *map, CROSSBEAM_KEY, uint64_t value);
bool   CROSSBEAM(put_if_absent)(void *map, CROSSBEAM_KEY, uint64_t value);
bool   CROSSBEAM(remove)(void *map, CROSSBEAM_KEY);
size_t CROSSBEAM(len)(const void *map);

static void *map;

static inline void map_begin(uint32_t count)
{
    make_keys(count);
    map = CROSSBEAM(new)();
}

static inline bool map_get(uint32_t key)
{
    return CROSSBEAM(get)(map, KEY_COMPARED);
}

static inline void map_put(uint32_t key, uint64_t value)
{
    CROSSBEAM(put)(map, KEY_COMPARED, value);
}

static inline bool map_put_if_absent(uint32_t key, uint64_t value)
{
    return CROSSBEAM(put_if_absent)(map, KEY_COMPARED, value);
}

static inline bool map_remove(uint32_t key)
{
    return CROSSBEAM(remove)(map, KEY_COMPARED);
}

/* As it counts itself, and no fewer than its calls said: of two removes that meet at an entry, 0.1.3 lets
 * both return it. */
static inline int64_t map_count(int64_t said)
{
    int64_t count = (int64_t)CROSSBEAM(len)(map);

    return count < said ? said : count;
}

#elif defined(CONTESTANT_std)
#include <map>
#include <mutex>

#if defined(KEYS)
struct key_order {
    int (*compare)(const struct key *, const struct key *) = compare_keys;

    bool operator()(const struct key *a, const struct key *b) const
    {
        return compare(a, b) < 0;
    }
};

static std::map<const struct key *, uint64_t, key_order> map;
#else
static std::map<uint64_t, uint64_t> map;
#endif

static std::mutex lock;

static inline void map_begin(uint32_t count)
{
    make_keys(count);
}

static inline bool map_get(uint32_t key)
{
    std::lock_guard<std::mutex> locked(lock);
    auto                        found = map.find(KEY(key));

    if (found == map.end())
        return false;
    ccbench_use(found->second);
    return true;
}

static inline void map_put(uint32_t key, uint64_t value)
{
    std::lock_guard<std::mutex> locked(lock);

    map.insert_or_assign(KEY(key), value);
}

static inline bool map_put_if_absent(uint32_t key, uint64_t value)
{
    std::lock_guard<std::mutex> locked(lock);

    return map.try_emplace(KEY(key), value).second;
}

static inline bool map_remove(uint32_t key)
{
    std::lock_guard<std::mutex> locked(lock);

    return map.erase(KEY(key)) != 0;
}

#elif defined(CONTESTANT_tbb)
/* No order, and so no rival: what order costs. */
#include <tbb/concurrent_hash_map.h>

typedef tbb::concurrent_hash_map<uint64_t, uint64_t> table;

static table map;

static inline void map_begin(uint32_t count)
{
    (void)count;
}

static inline bool map_get(uint32_t key)
{
    table::const_accessor found;

    if (!map.find(found, key))
        return false;
    ccbench_use(found->second);
    return true;
}

static inline void map_put(uint32_t key, uint64_t value)
{
    table::accessor place;

    map.insert(place, key);
    place->second = value;
}

static inline bool map_put_if_absent(uint32_t key, uint64_t value)
{
    return map.insert({ key, value });
}

static inline bool map_remove(uint32_t key)
{
    return map.erase(key);
}

#else
#error "which contestant?"
#endif

#if !defined(CONTESTANT_crossbeam)
static inline int64_t map_count(int64_t said)
{
    return said;
}
#endif

#endif
