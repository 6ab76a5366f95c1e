// SPDX-License-Identifier: MIT
//! What bench/micro/ccbench.h and random.h have, and as cheap.

use core::arch::asm;

/// What p points to may have been read and changed here, as any memory that others can reach.
#[inline(always)]
pub fn escape<T: ?Sized>(p: *const T) {
    // SAFETY: nothing happens.
    unsafe { asm!("/* {0} */", in(reg) p.cast::<u8>(), options(nostack, preserves_flags)) }
}

/// The same value, of which the compiler no longer knows what it is.
#[inline(always)]
pub fn opaque(mut value: usize) -> usize {
    // SAFETY: nothing happens.
    unsafe { asm!("/* {0} */", inout(reg) value, options(pure, nomem, nostack, preserves_flags)) }
    value
}

/// The numbers of random.h.
pub struct Random(pub u64);

impl Random {
    #[inline(always)]
    pub fn below(&mut self, n: u32) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (((self.0 >> 32) * u64::from(n)) >> 32) as usize
    }
}
