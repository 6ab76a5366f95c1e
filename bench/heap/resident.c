/* SPDX-License-Identifier: MIT */
/* resident.c - the memory that a process keeps after 100 MB of blocks were freed.
 *
 * A thread allocates 200 000 blocks of 512 bytes, frees them and ends. Resident memory of the whole
 * process is read in the thread when it has freed them, and after its end. Many allocators give
 * memory back late, and only in their calls: before each reading some pairs of alloc and free are
 * made after a pause. The array of the blocks is no part of any heap.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ccphase.h>
#include "contestant.h"

enum { BLOCKS = 200000, SIZE = 512, PAIRS = 1000, PAUSE_US = 200000 };

struct readings {
    double peak, freed;
};

static double resident_kb(void)
{
    unsigned long total, resident;
    FILE         *f  = fopen("/proc/self/statm", "r");
    int           ok = f && fscanf(f, "%lu %lu", &total, &resident) == 2;

    if (f)
        fclose(f);
    if (!ok)
        ccbench_fail("/proc/self/statm", "not readable");
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static double settled_kb(void)
{
    usleep(PAUSE_US);
    for (int i = 0; i < PAIRS; i++) {
        void *p = touched(ALLOC(SIZE));
        ccbench_escape(p);
        FREE(p, SIZE);
    }
    return resident_kb();
}

static void fill(void **block)
{
    for (size_t i = 0; i < BLOCKS; i++)
        block[i] = memset(touched(ALLOC(SIZE)), 1, SIZE);
}

static void *work(void *arg)
{
    struct readings *r     = arg;
    const size_t     bytes = BLOCKS * sizeof(void *);
    void **block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED)
        ccbench_fail("mmap", "no memory");
    fill(block);
    r->peak = resident_kb();
    for (size_t i = 0; i < BLOCKS; i++)
        FREE(block[i], SIZE);
    munmap(block, bytes);
    r->freed = settled_kb();
    return NULL;
}

static void run(void)
{
    struct readings r;
    pthread_t       thread;

    if (pthread_create(&thread, NULL, work, &r) || pthread_join(thread, NULL))
        ccbench_fail("resident", "no thread to be had");
    ccphase_say("peak", r.peak);
    ccphase_say("freed", r.freed);
    ccphase_say("exited", settled_kb());
}

static const ccphase_case_t cases[] = {
    { "resident", "KiB at the peak of 100 MB, when freed, when the thread has ended", run },
};

int main(int argc, char **argv)
{
    contestant_begin();
    return ccphase_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
