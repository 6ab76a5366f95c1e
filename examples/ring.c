/* SPDX-License-Identifier: MIT */
/* A process that does the work and one that writes the log: lines go through shared memory, each in
 * the place where it will be read, and nobody copies them in between. The log sleeps while there is
 * nothing to do. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ccmem/ring.h>

enum { LINES = 1000, LINE_MAX_BYTES = 80, KEPT = 3 };

/* The line is written straight into the ring. */
static bool log_line(cc_ring_t *ring, int number)
{
    char *line;

    while (!(line = cc_ring_try_reserve_record(ring, LINE_MAX_BYTES)))
        if (!cc_ring_wait_room(ring, cc_ring_record_room(ring, LINE_MAX_BYTES), 10000))
            return false;
    cc_ring_commit_record(ring, (size_t)snprintf(line, LINE_MAX_BYTES, "request %d", number));
    return true;
}

static int work(int file)
{
    cc_ring_t ring;

    if (cc_ring_attach_file(&ring, file) != CC_RESULT_OK)
        return 1;
    int done = 0;
    while (done < LINES && log_line(&ring, done))
        done++;
    cc_ring_fini(&ring);
    return done < LINES;
}

/* Prints the last lines only. Returns how many came. */
static int write_log(cc_ring_t *ring)
{
    int    lines = 0;
    size_t size;

    while (lines < LINES && cc_ring_wait_used(ring, 1, 10000)) {
        const char *line = cc_ring_view_record(ring, &size);
        if (!line)
            break;
        if (++lines > LINES - KEPT)
            printf("%.*s\n", (int)size, line);
        cc_ring_consume_record(ring);
    }
    return lines;
}

int main(void)
{
    cc_ring_t ring;
    int       file, status = 1;

    if (cc_ring_init_file(&ring, 4096, CC_RING_WAITS, &file) != CC_RESULT_OK)
        return 1;
    pid_t worker = fork();
    if (worker == 0)
        _exit(work(file));
    close(file);

    int             lines = worker < 0 ? 0 : write_log(&ring);
    cc_ring_stats_t stats = cc_ring_stats(&ring);
    printf("%d lines, %llu bytes, %llu times around the ring\n", lines,
           (unsigned long long)stats.written, (unsigned long long)stats.wraps);
    cc_ring_fini(&ring);
    return worker < 0 || waitpid(worker, &status, 0) != worker || status != 0 || lines != LINES;
}
