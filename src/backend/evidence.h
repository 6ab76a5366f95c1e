/* SPDX-License-Identifier: MIT */
/* backend/evidence.h - whose blocks malloc gives out. */
#ifndef CCI_BACKEND_EVIDENCE_H
#define CCI_BACKEND_EVIDENCE_H
#include <stddef.h>

typedef enum cci_verdict {
    CCI_VERDICT_CLEAR,  /* one witness answered                                     */
    CCI_VERDICT_SILENT, /* none did                                                 */
    CCI_VERDICT_TORN    /* more than one did                                        */
} cci_verdict_t;

/* Everything but version is a constant text. */
typedef struct cci_evidence {
    cci_verdict_t verdict;
    const char   *serving; /* the allocator's name; "unknown" unless clear */
    const char   *method;  /* the function that answered; "" unless clear  */
    const char   *answer;  /* what it does with the blocks, "knows"        */
} cci_evidence_t;

/* Allocate and free two blocks until a witness answers for them; that is once, or twice, but for the C
 * library while other threads allocate. */
cci_evidence_t cci_evidence_gather(void);

/* The version of the allocator of that name, as it says itself; "" where it cannot serve this
 * program, or does not say. */
void cci_evidence_version(const char *name, char *out, size_t capacity);

#endif
