// SPDX-License-Identifier: MIT
//! The loops of bench/region/*.c for peers that are of Rust: the same work, called as users of Rust
//! call it. A loop is exported as PEER_WORKLOAD_SIZE and does its operation `ops` times.

mod arena;
mod frame;
mod keyed;

macro_rules! export {
    ($($name:ident = $run:expr;)*) => {
        $(#[no_mangle]
        pub extern "C" fn $name(ops: u64) {
            $run(ops)
        })*
    };
}

export! {
    bumpalo_batch_16 = arena::batch::<16>;
    bumpalo_batch_48 = arena::batch::<48>;
    bumpalo_batch_256 = arena::batch::<256>;
    bumpalo_fill_48 = arena::fill::<48>;
    bumpalo_fill_256 = arena::fill::<256>;
    bumpalo_fill_4096 = arena::fill::<4096>;
    bumpalo_copy_4096 = arena::copy::<4096>;
    bumpalo_vector_64 = arena::vector::<64>;
    bumpalo_vector_1000 = arena::vector::<1000>;
    rust_vec_vector_64 = arena::heap_vector::<64>;
    rust_vec_vector_1000 = arena::heap_vector::<1000>;
    rust_slab_hot_64 = keyed::hot::<64>;
    rust_slab_hot_1024 = keyed::hot::<1024>;
    rust_slab_from_64 = keyed::from::<48, 64>;
    rust_slab_from_1024 = keyed::from::<256, 1024>;
    rust_slab_random_64 = keyed::random::<64>;
}
