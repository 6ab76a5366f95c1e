/* SPDX-License-Identifier: MIT */
/* metrics.c - see report/metrics.h. */
#include "report/metrics.h"
#include <inttypes.h>
#include <string.h>

static int family_length(const cci_metrics_t *m, const char *name, const char *type)
{
    size_t n = strlen(name);

    if (m->open && strcmp(type, "counter") == 0)
        n -= strlen("_total");
    return (int)n;
}

void cci_metrics_head(const cci_metrics_t *m, const char *name, const char *type, const char *help)
{
    int n = family_length(m, name, type);
    fprintf(m->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, name, help, n, name, type);
}

void cci_metrics_count(const cci_metrics_t *m, const char *name, const char *type, const char *help,
                       uint64_t value)
{
    cci_metrics_head(m, name, type, help);
    fprintf(m->out, "%s %" PRIu64 "\n", name, value);
}

void cci_metrics_gauge(const cci_metrics_t *m, const char *name, const char *help, double value)
{
    cci_metrics_head(m, name, "gauge", help);
    fprintf(m->out, "%s %.12g\n", name, value);
}

void cci_metrics_bucket(const cci_metrics_t *m, const char *name, double limit, uint64_t count)
{
    fprintf(m->out, m->open ? "%s_bucket{le=\"%.1f\"} " : "%s_bucket{le=\"%.0f\"} ", name, limit);
    fprintf(m->out, "%" PRIu64 "\n", count);
}

void cci_metrics_end(const cci_metrics_t *m)
{
    if (m->open)
        fputs("# EOF\n", m->out);
}
