/* SPDX-License-Identifier: MIT */
/* base/rising.h - a copy of memory in which another thread is counting.
 *
 * Its counts are aligned words that only it writes, plainly, because the counting must cost nothing.
 * Each word of the copy is one that was there at some moment; different words may be of different
 * moments. For the language that is a data race, which is why it happens here and nowhere else.
 */
#ifndef CCI_RISING_H
#define CCI_RISING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef volatile uint64_t __attribute__((may_alias)) cci_rising_word_t;

/* One of these; other than 0: it is not what stood there before. */
__attribute__((no_sanitize("thread"))) static inline uint8_t
cci_rising_copy_byte(uint8_t *to, const volatile uint8_t *from)
{
    uint8_t byte = *from, differs = byte ^ *to;

    *to = byte;
    return differs;
}

/* True: it is not what stood there before. to and from are multiples of 8, or as far from one. */
__attribute__((no_sanitize("thread"))) static inline bool
cci_rising_copy(uint8_t *to, const volatile uint8_t *from, size_t n)
{
    uint64_t differs = 0;

    for (; n > 0 && (uintptr_t)from % 8 != 0; n--)
        differs |= cci_rising_copy_byte(to++, from++);
    for (; n >= 8; n -= 8, to += 8, from += 8) {
        uint64_t word = *(const cci_rising_word_t *)from;
        differs |= word ^ *(cci_rising_word_t *)to;
        *(cci_rising_word_t *)to = word;
    }
    for (; n > 0; n--)
        differs |= cci_rising_copy_byte(to++, from++);
    return differs != 0;
}

#endif
