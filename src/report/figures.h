/* SPDX-License-Identifier: MIT */
/* report/figures.h - figures of any unit as text, and how they changed. */
#ifndef CCI_REPORT_FIGURES_H
#define CCI_REPORT_FIGURES_H
#include "profile/change.h"
#include "profile/fields.h"
#include "report/style.h"

/* "1.20 MiB", "12,345", "1.50 ms", "3.4 %", "2.71 M/s" */
cci_figure_t cci_figure_in(cci_unit_t unit, double value);

/* The same with all digits: "1.20 MiB (1258291 B)"; other units have them anyway. */
cci_figure_t cci_figure_exact(cci_unit_t unit, double value);

/* "+4.00 MiB", "-12"; "same" */
cci_figure_t cci_figure_change(cci_unit_t unit, double old, double new);

/* "+20.0 %"; "" from nothing, or where nothing changed */
cci_figure_t cci_figure_relative(double old, double new);

#endif
