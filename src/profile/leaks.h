/* SPDX-License-Identifier: MIT */
/* profile/leaks.h - what is still allocated at the end. Private to src/profile. */
#ifndef CCI_PROFILE_LEAKS_H
#define CCI_PROFILE_LEAKS_H
#include "profile/stream.h"

/* Fill in the profile's leaks and what its sites leaked: blocks allocated at from_ns or later
 * that live. False: out of memory. O(live blocks * log CCI_LEAK_LIST). */
bool cci_leaks_collect(const cci_stream_t *s, uint64_t from_ns);

#endif
