/* SPDX-License-Identifier: MIT */
/* base/inline.h - functions that are compiled anew wherever they are called, for what they are called with. */
#ifndef CCI_BASE_INLINE_H
#define CCI_BASE_INLINE_H

#define CCI_SPECIALISED static inline __attribute__((always_inline))

#endif
