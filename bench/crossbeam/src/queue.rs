// SPDX-License-Identifier: MIT
//! crossbeam-queue: the operations that bench/queue/queues.h calls. An item is a word above 0; 0 says
//! that there is none.

use crossbeam_queue::{ArrayQueue, SegQueue};

type Unbounded = SegQueue<u64>;
type Bounded = ArrayQueue<u64>;

#[no_mangle]
pub extern "C" fn crossbeam_seg_new() -> *mut Unbounded {
    Box::into_raw(Box::default())
}

#[no_mangle]
pub extern "C" fn crossbeam_seg_push(queue: &Unbounded, item: u64) {
    queue.push(item);
}

#[no_mangle]
pub extern "C" fn crossbeam_seg_pop(queue: &Unbounded) -> u64 {
    queue.pop().unwrap_or(0)
}

#[no_mangle]
pub extern "C" fn crossbeam_array_new(capacity: usize) -> *mut Bounded {
    Box::into_raw(Box::new(ArrayQueue::new(capacity)))
}

#[no_mangle]
pub extern "C" fn crossbeam_array_push(queue: &Bounded, item: u64) -> bool {
    queue.push(item).is_ok()
}

#[no_mangle]
pub extern "C" fn crossbeam_array_pop(queue: &Bounded) -> u64 {
    queue.pop().unwrap_or(0)
}
