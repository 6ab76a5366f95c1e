/* SPDX-License-Identifier: MIT */
/* report.c - the table of formats. */
#include <string.h>
#include "report/report.h"

static const cci_report_format_t FORMATS[] = {
    { "text", cci_report_text },
    { "json", cci_report_json },
    { "csv", NULL },
    { "html", NULL },
    { "prometheus", NULL },
    { "pprof", NULL },
    { "collapsed", NULL },
    { "speedscope", NULL },
};

const cci_report_format_t *cci_report_formats(size_t *count)
{
    *count = sizeof FORMATS / sizeof FORMATS[0];
    return FORMATS;
}

const cci_report_format_t *cci_report_format(const char *name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++)
        if (strcmp(FORMATS[i].name, name) == 0)
            return &FORMATS[i];
    return NULL;
}
