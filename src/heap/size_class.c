/* SPDX-License-Identifier: MIT */
/* size_class.c - the tables of size_class.h and of ccmem/alloc_inline.h. */
#include "heap/size_class.h"

const uint16_t cci_class_size[CC_HEAP_SIZES_] = {
    16,   32,   48,   64,   80,    96,    112,   128,   160,   192,   224,   256,   320,  384,
    448,  512,  640,  768,  896,   1024,  1280,  1536,  1792,  2048,  2560,  3072,  3584, 4096,
    5120, 6144, 7168, 8192, 10240, 12288, 14336, 16384, 20480, 24576, 28672, 32768,
};

/* n entries of the same class */
#define N1(c)   c
#define N2(c)   c, c
#define N4(c)   N2(c), N2(c)
#define N8(c)   N4(c), N4(c)
#define N16(c)  N8(c), N8(c)
#define N32(c)  N16(c), N16(c)
#define N64(c)  N32(c), N32(c)
#define N128(c) N64(c), N64(c)
#define N256(c) N128(c), N128(c)
/* the four classes of a doubling */
#define D(n, c) n(c), n(c + 1), n(c + 2), n(c + 3)

/* By (size + 15) / 16; size 0 has none. */
const uint8_t cc_heap_class_of_[CC_HEAP_SMALL_MAX_ / 16 + 1] = {
    0,          N1(0),      N1(1),      N1(2),       N1(3),       N1(4),
    N1(5),      N1(6),      N1(7),      D(N2, 8),    D(N4, 12),   D(N8, 16),
    D(N16, 20), D(N32, 24), D(N64, 28), D(N128, 32), D(N256, 36),
};
