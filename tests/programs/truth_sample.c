/* SPDX-License-Identifier: MIT */
/* truth_sample.c - 24 sites in a deterministic order: site i allocates COUNT[i] blocks of SIZE[i]
 * bytes, of which every fourth stays when i is even. Says what it did, site by site. */
#include <stdlib.h>
#include "truth.h"

enum { SITES = 24 };

static const size_t SIZE[SITES]  = { 16,   24,   32,   40,   48,   64,   80,    100,
                                     128,  150,  200,  256,  300,  400,  512,   700,
                                     1000, 1024, 2000, 4096, 5000, 8192, 20000, 65536 };
static const int    COUNT[SITES] = { 4000, 3000, 2500, 2000, 1800, 1500, 1200, 1000,
                                     900,  800,  600,  500,  400,  300,  250,  200,
                                     150,  150,  100,  60,   50,   40,   30,   20 };

/* Each a function of its own, so that each is a site of its own. */
#define SITE(n)                          \
    NOINLINE static void *site_##n(void) \
    {                                    \
        void *p = malloc(SIZE[n]);       \
        KEEP_FRAME();                    \
        return p;                        \
    }

SITE(0)
SITE(1)
SITE(2)
SITE(3)
SITE(4)
SITE(5)
SITE(6)
SITE(7)
SITE(8)
SITE(9)
SITE(10)
SITE(11)
SITE(12)
SITE(13)
SITE(14)
SITE(15)
SITE(16)
SITE(17)
SITE(18)
SITE(19)
SITE(20)
SITE(21)
SITE(22)
SITE(23)

static void *(*const site[SITES])(void) = {
    site_0,  site_1,  site_2,  site_3,  site_4,  site_5,  site_6,  site_7,
    site_8,  site_9,  site_10, site_11, site_12, site_13, site_14, site_15,
    site_16, site_17, site_18, site_19, site_20, site_21, site_22, site_23,
};

/* The sites take turns at random until each has had all of its own. */
int main(void)
{
    int      left[SITES], kept[SITES] = { 0 }, remaining = 0;
    unsigned random = 1;

    for (int i = 0; i < SITES; i++)
        remaining += left[i] = COUNT[i];
    while (remaining > 0) {
        random = random * 1664525u + 1013904223u;
        int i  = (int)((random >> 8) % SITES);
        if (left[i] == 0)
            continue;
        void *p = site[i]();
        if (i % 2 == 0 && left[i] % 4 == 0)
            kept[i]++;
        else
            free(p);
        left[i]--;
        remaining--;
    }
    for (int i = 0; i < SITES; i++)
        say("%s[%zu, %d, %d]", i ? ", " : "[", SIZE[i], COUNT[i], kept[i]);
    say("]\n");
    return 0;
}
