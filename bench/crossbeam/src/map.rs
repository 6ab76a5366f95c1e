// SPDX-License-Identifier: MIT
//! crossbeam-skiplist: the operations that bench/map/maps.h calls. A key is a number, or a reference to
//! something that is compared by a function.

use crossbeam_skiplist::SkipMap;
use std::cmp::Ordering;

/// The key of bench/map/maps.h.
#[repr(C)]
pub struct Key {
    number: u64,
}

type Compare = extern "C" fn(*const Key, *const Key) -> i32;

#[derive(Clone, Copy)]
pub struct KeyRef {
    key: *const Key,
    compare: Compare,
}

// SAFETY: keys are never written to once the map is made, and outlive it.
unsafe impl Send for KeyRef {}
unsafe impl Sync for KeyRef {}

impl Ord for KeyRef {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.compare)(self.key, other.key).cmp(&0)
    }
}

impl PartialOrd for KeyRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for KeyRef {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for KeyRef {}

type Numbers = SkipMap<u64, u64>;
type Keys = SkipMap<KeyRef, u64>;

/// Values are the caller's for this put alone, so the value says whose entry it is.
fn put_if_absent<K: Ord + Send + 'static>(map: &SkipMap<K, u64>, key: K, value: u64) -> bool {
    *map.get_or_insert(key, value).value() == value
}

#[no_mangle]
pub extern "C" fn crossbeam_numbers_new() -> *mut Numbers {
    Box::into_raw(Box::default())
}

#[no_mangle]
pub extern "C" fn crossbeam_numbers_get(map: &Numbers, key: u64) -> bool {
    map.get(&key).map_or(false, |entry| {
        std::hint::black_box(*entry.value());
        true
    })
}

#[no_mangle]
pub extern "C" fn crossbeam_numbers_put(map: &Numbers, key: u64, value: u64) {
    map.insert(key, value);
}

#[no_mangle]
pub extern "C" fn crossbeam_numbers_put_if_absent(map: &Numbers, key: u64, value: u64) -> bool {
    put_if_absent(map, key, value)
}

#[no_mangle]
pub extern "C" fn crossbeam_numbers_remove(map: &Numbers, key: u64) -> bool {
    map.remove(&key).is_some()
}

#[no_mangle]
pub extern "C" fn crossbeam_numbers_len(map: &Numbers) -> usize {
    map.len()
}

#[no_mangle]
pub extern "C" fn crossbeam_keys_new() -> *mut Keys {
    Box::into_raw(Box::default())
}

#[no_mangle]
pub extern "C" fn crossbeam_keys_get(map: &Keys, key: *const Key, compare: Compare) -> bool {
    map.get(&KeyRef { key, compare }).map_or(false, |entry| {
        std::hint::black_box(*entry.value());
        true
    })
}

#[no_mangle]
pub extern "C" fn crossbeam_keys_put(map: &Keys, key: *const Key, compare: Compare, value: u64) {
    map.insert(KeyRef { key, compare }, value);
}

#[no_mangle]
pub extern "C" fn crossbeam_keys_put_if_absent(
    map: &Keys,
    key: *const Key,
    compare: Compare,
    value: u64,
) -> bool {
    put_if_absent(map, KeyRef { key, compare }, value)
}

#[no_mangle]
pub extern "C" fn crossbeam_keys_remove(map: &Keys, key: *const Key, compare: Compare) -> bool {
    map.remove(&KeyRef { key, compare }).is_some()
}

#[no_mangle]
pub extern "C" fn crossbeam_keys_len(map: &Keys) -> usize {
    map.len()
}
