/* SPDX-License-Identifier: MIT */
/* ccmem/api.h - visibility and compiler attributes of the public functions.
 *
 * The only public header that asks which compiler reads it. On a compiler without the
 * attributes the macros are empty and the library works the same, with fewer warnings.
 */
#ifndef CC_API_H
#define CC_API_H

#if defined(__GNUC__)
#define CC_API          __attribute__((visibility("default")))
#define CC_NODISCARD    __attribute__((warn_unused_result))
#define CC_CONST        __attribute__((const))
#define CC_MALLOC       __attribute__((malloc))
#define CC_SIZED(n)     __attribute__((alloc_size(n)))
#define CC_SIZED2(n, m) __attribute__((alloc_size(n, m)))
#define CC_ALIGNED(n)   __attribute__((alloc_align(n)))
/* A body for the compiler to put in place: of a function of the library, and of a helper that is
 * nowhere else. */
#define CC_INLINE extern __inline __attribute__((gnu_inline, always_inline))
#define CC_HELPER extern __inline __attribute__((gnu_inline, always_inline))
#define CC_THREAD __thread __attribute__((tls_model("initial-exec")))
#else
#define CC_API
#define CC_NODISCARD
#define CC_CONST
#define CC_MALLOC
#define CC_SIZED(n)
#define CC_SIZED2(n, m)
#define CC_ALIGNED(n)
#endif

#ifdef __cplusplus
#define CC_BEGIN extern "C" {
#define CC_END   }
#else
#define CC_BEGIN
#define CC_END
#endif

#endif
