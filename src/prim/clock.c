/* SPDX-License-Identifier: MIT */
/* prim/clock.c - see prim/clock.h. */
#include "prim/clock.h"
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

enum { LEAF_POWER = 0x80000007, INVARIANT_TSC = 1 << 8 };

/* The kernel watches the counters of all processors, and leaves the TSC when they drift apart. */
static bool kernel_distrusts_tsc(void)
{
    static const char *const others[] = { "hpet", "acpi_pm", "refined-jiffies", "jiffies" };
    char                     name[32] = "";
    int     fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                      O_RDONLY | O_CLOEXEC);
    ssize_t n  = fd < 0 ? 0 : read(fd, name, sizeof name - 1);

    if (fd >= 0)
        close(fd);
    for (size_t i = 0; n > 0 && i < sizeof others / sizeof *others; i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0)
            return true;
    return false;
}

cci_clock_kind_t cci_clock_choose(void)
{
    unsigned a, b, c, d = 0;

    if (!__get_cpuid(LEAF_POWER, &a, &b, &c, &d) || !(d & INVARIANT_TSC) || kernel_distrusts_tsc())
        return CCI_CLOCK_MONOTONIC;
    return CCI_CLOCK_TSC;
}

#elif defined(__aarch64__)

cci_clock_kind_t cci_clock_choose(void)
{
    return CCI_CLOCK_CNTVCT;
}

#else

cci_clock_kind_t cci_clock_choose(void)
{
    return CCI_CLOCK_MONOTONIC;
}

#endif

unsigned cci_clock_shift(cci_clock_kind_t kind)
{
    switch (kind) {
    case CCI_CLOCK_TSC:
        return 5; /* 2 to 5 GHz */
    case CCI_CLOCK_MONOTONIC:
        return 3; /* 1 GHz      */
    default:
        return 0; /* 24 MHz to 1 GHz */
    }
}
