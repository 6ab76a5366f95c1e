/* SPDX-License-Identifier: MIT */
/* base/varint.h - LEB128 and zigzag, as in the DWARF and Protocol Buffers specifications. */
#ifndef CCI_VARINT_H
#define CCI_VARINT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CCI_VARINT_MAX = 10 };

/* Small magnitudes of either sign become small unsigned values. */
static inline uint64_t cci_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t cci_unzigzag(uint64_t v)
{
    return (int64_t)((v >> 1) ^ -(v & 1));
}

static inline uint8_t *cci_put_varint_long(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

/* For values whose length the processor can predict. p has room for CCI_VARINT_MAX bytes. */
static inline uint8_t *cci_put_varint(uint8_t *p, uint64_t v)
{
    if (v < 0x80) {
        *p = (uint8_t)v;
        return p + 1;
    }
    return cci_put_varint_long(p, v);
}

/* The same bytes without a branch on the length, for values whose length is noise (addresses):
 * a mispredicted branch costs more than spreading the bits. */
static inline uint8_t *cci_put_varint_even(uint8_t *p, uint64_t v)
{
    if (v >> 28)
        return cci_put_varint_long(p, v);
    uint32_t x    = (uint32_t)v;
    x             = (x & 0x3fff) | (x & 0xfffc000) << 2;
    x             = (x & 0x007f007f) | (x & 0x3f803f80) << 1;
    unsigned more = (unsigned)(31 - __builtin_clz((uint32_t)v | 1)) / 7; /* bytes after the first */
    x |= 0x80808080u & ((1u << 8 * more) - 1);
    memcpy(p, &x, sizeof x);
    return p + more + 1;
}

/* Reads at *p, never at or past end; false when the bytes stop early or exceed 64 bits. */
static inline bool cci_get_varint(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
    const uint8_t *q = *p;
    uint64_t       v = 0;

    for (unsigned shift = 0; q < end && shift < 64; shift += 7) {
        uint8_t b = *q++;
        if (shift == 63 && b > 1)
            return false;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *p   = q;
            *out = v;
            return true;
        }
    }
    return false;
}

/* As cci_get_varint without an end, for long values: CCI_VARINT_MAX bytes at *p may be read. No
 * branch on the length up to 8 bytes, as in cci_put_varint_even. */
static inline bool cci_take_varint_even(const uint8_t **p, uint64_t *out)
{
    const uint64_t tops = UINT64_C(0x8080808080808080);
    uint64_t       x;
    memcpy(&x, *p, sizeof x);

    uint64_t stops = ~x & tops;
    if (__builtin_expect(stops == 0, 0))
        return cci_get_varint(p, *p + CCI_VARINT_MAX, out);
    *p += (__builtin_ctzll(stops) + 1) / 8;
    x &= (stops ^ (stops - 1)) & ~tops;
    x    = (x & 0x007f007f007f007f) | (x & 0x7f007f007f007f00) >> 1;
    x    = (x & 0x00003fff00003fff) | (x & 0x3fff00003fff0000) >> 2;
    *out = (x & 0x000000000fffffff) | (x & 0x0fffffff00000000) >> 4;
    return true;
}

/* The same for values that mostly take one byte. */
static inline bool cci_take_varint(const uint8_t **p, uint64_t *out)
{
    if (**p >= 0x80)
        return cci_take_varint_even(p, out);
    *out = *(*p)++;
    return true;
}

#endif
