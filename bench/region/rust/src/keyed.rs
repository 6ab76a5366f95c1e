// SPDX-License-Identifier: MIT
//! The crate slab: slab.c.

use crate::frame::{escape, Random};
use slab::Slab;

const LIVE: usize = 4096;

#[inline(always)]
fn insert_zeroed<const N: usize>(slab: &mut Slab<[u8; N]>) -> usize {
    let key = slab.insert([0; N]);
    escape(&slab[key]);
    key
}

/// A slab as a program has one: in memory that others can reach.
macro_rules! slab_in_memory {
    ($slab:ident, $n:ident) => {
        let mut $slab = Slab::<[u8; $n]>::with_capacity(LIVE);
        escape(&mut $slab);
    };
}

pub fn hot<const N: usize>(ops: u64) {
    slab_in_memory!(slab, N);
    for _ in 0..ops {
        let key = insert_zeroed(&mut slab);
        slab.remove(key);
    }
}

/// Objects of N bytes, of which SIZE are copied and the others zero.
pub fn from<const SIZE: usize, const N: usize>(ops: u64) {
    slab_in_memory!(slab, N);
    let source = [0u8; SIZE];
    escape(&source);
    for _ in 0..ops {
        let mut object = [0; N];
        object[..SIZE].copy_from_slice(&source);
        let key = slab.insert(object);
        escape(&slab[key]);
        slab.remove(key);
    }
}

pub fn random<const N: usize>(ops: u64) {
    slab_in_memory!(slab, N);
    let mut keys: Vec<usize> = (0..LIVE).map(|_| insert_zeroed(&mut slab)).collect();
    let mut numbers = Random(1);
    for _ in 0..ops / 2 {
        let first = numbers.below(LIVE as u32);
        let second = first ^ (numbers.below(LIVE as u32) | 1);
        slab.remove(keys[first]);
        slab.remove(keys[second]);
        keys[first] = insert_zeroed(&mut slab);
        keys[second] = insert_zeroed(&mut slab);
    }
}
