// SPDX-License-Identifier: MIT
//! bumpalo, and the vectors of Rust's own heap: batch.c, fill.c, copy.c, vector.c.

use crate::frame::{escape, opaque};
use bumpalo::Bump;
use std::alloc::Layout;

const BYTES: usize = 64 * 1024;
const BATCH: u64 = 64;

/// `size` bytes aligned to 8; sizes here are small, so that there is nothing to check.
#[inline(always)]
fn layout(size: usize) -> Layout {
    // SAFETY: 8 is a power of two, and no size here comes near isize::MAX.
    unsafe { Layout::from_size_align_unchecked(size, 8) }
}

/// In each loop the arena is in memory that others can reach, as that of a program is.
pub fn batch<const N: usize>(ops: u64) {
    let mut bump = Bump::with_capacity(BYTES);
    escape(&mut bump);
    let mut done = 0;
    while done < ops {
        for _ in 0..BATCH {
            let p = bump.alloc_layout(layout(N)).cast::<u64>().as_ptr();
            // SAFETY: the block has N bytes, at least 8, aligned to 8.
            unsafe { p.write(done) };
            escape(p);
        }
        bump.reset();
        done += BATCH;
    }
}

pub fn fill<const N: usize>(ops: u64) {
    let mut bump = Bump::with_capacity(BYTES);
    escape(&mut bump);
    for _ in 0..ops {
        let size = opaque(N);
        let p = bump.alloc_layout(layout(size)).as_ptr();
        // SAFETY: the block has so many bytes.
        unsafe { p.write_bytes(0xab, size) };
        escape(p);
        bump.reset();
    }
}

#[repr(align(64))]
struct Source<const N: usize>([u8; N]);

pub fn copy<const N: usize>(ops: u64) {
    let mut bump = Bump::with_capacity(BYTES);
    escape(&mut bump);
    let source = Source([0; N]);
    escape(&source);
    for _ in 0..ops {
        escape(bump.alloc_slice_copy(&source.0[..opaque(N)]));
        bump.reset();
    }
}

pub fn vector<const N: u64>(ops: u64) {
    let mut bump = Bump::with_capacity(BYTES);
    escape(&mut bump);
    let mut done = 0;
    while done < ops {
        let mut v = bumpalo::collections::Vec::new_in(&bump);
        for i in 0..N {
            v.push(opaque(i as usize));
        }
        escape(v.as_ptr());
        drop(v);
        bump.reset();
        done += N;
    }
}

pub fn heap_vector<const N: u64>(ops: u64) {
    let mut done = 0;
    while done < ops {
        let mut v = Vec::new();
        for i in 0..N {
            v.push(opaque(i as usize));
        }
        escape(v.as_ptr());
        done += N;
    }
}
