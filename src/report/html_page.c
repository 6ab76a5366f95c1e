/* SPDX-License-Identifier: MIT */
/* html_page.c - see report/html_page.h.
 *
 * The assembler takes the file in as it is: a megabyte as an array of C would take the compiler seconds
 * and hundreds of megabytes. cmake/CcmemDashboard.cmake defines its path where there is one.
 */
#include "report/html_page.h"

#ifdef CCMEM_DASHBOARD_FILE

__asm__(".pushsection .rodata\n"
        ".hidden cci_html_page_begin\n.globl cci_html_page_begin\ncci_html_page_begin:\n"
        ".incbin \"" CCMEM_DASHBOARD_FILE "\"\n"
        ".hidden cci_html_page_end\n.globl cci_html_page_end\ncci_html_page_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern __attribute__((visibility("hidden"))) const char cci_html_page_begin[];
extern __attribute__((visibility("hidden"))) const char cci_html_page_end[];

#else

static const char cci_html_page_begin[] = "";
#define cci_html_page_end cci_html_page_begin

#endif

const char *cci_html_page(size_t *n)
{
    *n = (size_t)(cci_html_page_end - cci_html_page_begin);
    return cci_html_page_begin;
}
