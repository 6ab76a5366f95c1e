// SPDX-License-Identifier: MIT
//! crossbeam-epoch: the loops of bench/smr/*.c.

use crossbeam_epoch::{self as epoch, Atomic, Guard, Owned};
use std::hint::black_box;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};

const LIVE: usize = 4096;
const SLOTS: u64 = 64;

struct Item {
    value: u64,
    _rest: [u64; 7],
}

/// An item that is counted when it is freed.
struct Counted(#[allow(dead_code)] Item);

static FREED: AtomicU64 = AtomicU64::new(0);

impl Drop for Counted {
    fn drop(&mut self) {
        FREED.fetch_add(1, Ordering::Relaxed);
    }
}

impl From<u64> for Item {
    fn from(value: u64) -> Self {
        Item { value, _rest: [0; 7] }
    }
}

impl From<u64> for Counted {
    fn from(value: u64) -> Self {
        Counted(value.into())
    }
}

#[allow(clippy::declare_interior_mutable_const)]
const EMPTY: Atomic<Item> = Atomic::null();
#[allow(clippy::declare_interior_mutable_const)]
const EMPTY_COUNTED: Atomic<Counted> = Atomic::null();

#[allow(clippy::declare_interior_mutable_const)]
const ROW: [Atomic<Item>; SLOTS as usize] = [EMPTY; SLOTS as usize];
static ITEMS: [[Atomic<Item>; SLOTS as usize]; 2] = [ROW; 2];
static COUNTED: [Atomic<Counted>; LIVE] = [EMPTY_COUNTED; LIVE];

/// The numbers of bench/micro/random.h.
struct Random(u64);

impl Random {
    #[inline(always)]
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (((self.0 >> 32) * n as u64) >> 32) as usize
    }
}

#[no_mangle]
pub extern "C" fn crossbeam_begin() {
    for slot in ITEMS.iter().flatten() {
        slot.store(Owned::new(0.into()), Ordering::Release);
    }
    for slot in &COUNTED {
        slot.store(Owned::new(0.into()), Ordering::Release);
    }
}

#[no_mangle]
pub extern "C" fn crossbeam_enter(ops: u64) {
    for i in 0..ops {
        let guard = epoch::pin();
        black_box(i);
        drop(guard);
    }
}

#[inline(always)]
fn read_in_sections(ops: u64, reads: u64) {
    for i in 0..ops {
        let guard = epoch::pin();
        for k in 0..reads {
            let item = ITEMS[0][((i + k) % SLOTS) as usize].load(Ordering::Acquire, &guard);
            // SAFETY: the slot is never empty, and the guard lives.
            black_box(unsafe { item.deref() }.value);
        }
    }
}

#[no_mangle]
pub extern "C" fn crossbeam_read_1(ops: u64) {
    read_in_sections(ops, 1);
}

#[no_mangle]
pub extern "C" fn crossbeam_read_20(ops: u64) {
    read_in_sections(ops, 20);
}

/// Another item into the slot; what was there is retired.
#[inline(always)]
fn replace<T>(slot: &Atomic<T>, fresh: T, guard: &Guard) {
    let old = slot.swap(Owned::new(fresh), Ordering::AcqRel, guard);
    // SAFETY: this thread took it out.
    unsafe { guard.defer_destroy(old) };
}

/// There is no call that waits until all is freed; a flush frees what can be.
#[no_mangle]
pub extern "C" fn crossbeam_replace(thread: u32, shared: bool, ops: u64) {
    let slots = &ITEMS[if shared { 0 } else { thread as usize }];
    let mut random = Random(u64::from(thread));
    for i in 0..ops {
        let guard = epoch::pin();
        replace(&slots[random.below(slots.len())], i.into(), &guard);
    }
    epoch::pin().flush();
}

#[no_mangle]
pub extern "C" fn crossbeam_stall() {
    mem::forget(epoch::pin());
}

#[no_mangle]
pub extern "C" fn crossbeam_replace_counted(ops: u64, seed: u64) {
    let mut random = Random(seed);
    for i in 0..ops {
        let guard = epoch::pin();
        replace(&COUNTED[random.below(LIVE)], i.into(), &guard);
    }
}

#[no_mangle]
pub extern "C" fn crossbeam_freed() -> u64 {
    FREED.load(Ordering::Relaxed)
}
