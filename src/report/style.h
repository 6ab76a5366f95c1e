/* SPDX-License-Identifier: MIT */
/* report/style.h - numbers and names for people, and how much a terminal can show of them. */
#ifndef CCI_REPORT_STYLE_H
#define CCI_REPORT_STYLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* All zero is plain ASCII without colour, CCI_WIDTH columns wide. */
typedef struct cci_style {
    bool     colour;
    bool     unicode;
    unsigned width; /* columns; 0 = CCI_WIDTH */
} cci_style_t;

enum { CCI_WIDTH = 96, CCI_FIGURE_BYTES = 48 };

typedef enum { CCI_TONE_HEADING, CCI_TONE_DIM, CCI_TONE_WARNING } cci_tone_t;

/* A short text, returned by value so that several may stand in one printf. */
typedef struct cci_figure {
    char text[CCI_FIGURE_BYTES];
} cci_figure_t;

cci_figure_t cci_figure_count(uint64_t n);                    /* "1,234,567"      */
cci_figure_t cci_figure_of(uint64_t n, const char *singular); /* "1 block", "2 blocks" */
cci_figure_t cci_figure_bytes(uint64_t bytes);                /* "27.7 MiB"       */
cci_figure_t cci_figure_rate(double per_second);              /* "2.71 M"         */
cci_figure_t cci_figure_time(uint64_t ns);                    /* "1.13 s"         */
cci_figure_t cci_figure_percent(double part, double whole);   /* "61.2 %"; "-" of nothing */
cci_figure_t cci_figure_instant(uint64_t real_ns);            /* "2023-11-14T22:13:20.123456Z" */

/* Turn a tone on and off; nothing without colour. */
const char *cci_tone_on(const cci_style_t *s, cci_tone_t tone);
const char *cci_tone_off(const cci_style_t *s);

/* A bar of `part` of `whole` in `columns` columns. */
void cci_put_bar(FILE *out, const cci_style_t *s, double part, double whole, unsigned columns);

/* text in at most `columns` columns, cut with an ellipsis; bytes that are no printable UTF-8 are
 * '?', so that no name can command a terminal. Returns the columns used. */
unsigned cci_put_text(FILE *out, const cci_style_t *s, const char *text, unsigned columns);

/* The columns that cci_put_text would take at most. */
unsigned cci_text_columns(const char *text);

#endif
