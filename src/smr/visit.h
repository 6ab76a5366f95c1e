/* SPDX-License-Identifier: MIT */
/* smr/visit.h - who may touch a guard's lists of retired nodes.
 *
 * Its thread may while it is in a section, without a word. Everybody else, and the thread itself
 * outside, has to be the visitor: there is one at a time, and none while the thread is in a section.
 * A visitor says so and then looks whether the thread is in a section; the thread says that it is and
 * then looks for a visitor; both with a fence between, so that one of them sees the other. Visits
 * take a few instructions: nodes are taken along, and freed elsewhere. A thread that would enter
 * and sees a visitor steps back, so that the visit is not for nothing. A barrier stays visitor while
 * the thread is in a section, which then enters no other before the visit: otherwise a barrier would have
 * to be lucky to meet it between two.
 *
 * A guard that was left with nodes has no thread. A visitor says so and takes the mark; the thread that
 * gets the guard takes the mark, too, and waits for a visitor if it was gone.
 */
#ifndef CCI_SMR_VISIT_H
#define CCI_SMR_VISIT_H
#include "smr/domain.h"

/* The visitor of a barrier; others are guards, by their numbers. */
enum { CCI_VISIT_BARRIER = 1 };

/* Take along what the guard has. */
typedef void cci_visit_fn(cci_guard_t *g, void *what_for);

/* The calling thread's own guard, outside of sections. Waits for a visitor. */
void cci_visit_own(cci_guard_t *g);
void cci_visit_end(cci_guard_t *g);

/* Whether nobody visits. */
bool cci_visit_is_over(const cci_guard_t *g);

/* All guards but mine that have nodes, that nobody visits and whose threads are in no section. A fence in
 * all threads, unless there is none. */
void cci_visit_idle(cci_guard_t *mine, cci_visit_fn *visit, void *what_for);

/* Those that were left. */
void cci_visit_left(cci_guard_t *mine, cci_visit_fn *visit, void *what_for);

/* Every guard there is, once its thread is in no section and has no nodes in a sweep. Under the lock of
 * barriers. */
void cci_visit_all(cci_domain_t *d, cci_visit_fn *visit, void *what_for);

/* The thread that has the guard goes, and leaves nodes; or has come, and takes them. Under the lock of
 * the registry. */
void cci_visit_leave(cci_guard_t *g);
void cci_visit_return(cci_guard_t *g);

#endif
