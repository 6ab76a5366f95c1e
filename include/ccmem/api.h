/* SPDX-License-Identifier: MIT */
/* ccmem/api.h - visibility and compiler attributes of the public functions.
 *
 * The only public header that asks which compiler reads it. On a compiler without the
 * attributes the macros are empty and the library works the same, with fewer warnings.
 */
#ifndef CC_API_H
#define CC_API_H

#if defined(__GNUC__)
#define CC_API       __attribute__((visibility("default")))
#define CC_NODISCARD __attribute__((warn_unused_result))
#define CC_CONST     __attribute__((const))
#else
#define CC_API
#define CC_NODISCARD
#define CC_CONST
#endif

#ifdef __cplusplus
#define CC_BEGIN extern "C" {
#define CC_END   }
#else
#define CC_BEGIN
#define CC_END
#endif

#endif
