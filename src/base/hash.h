/* SPDX-License-Identifier: MIT */
/* base/hash.h - hashes for tables in memory: fast, seeded, never stored anywhere. */
#ifndef CCI_HASH_H
#define CCI_HASH_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Continue hash with one more value; start with a seed. */
static inline uint64_t cci_hash_mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static inline uint64_t cci_hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint64_t       word;

    hash = cci_hash_mix(hash, n);
    for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
        memcpy(&word, p, sizeof word);
        hash = cci_hash_mix(hash, word);
    }
    if (n == 0)
        return hash;
    word = 0;
    memcpy(&word, p, n);
    return cci_hash_mix(hash, word);
}

#endif
