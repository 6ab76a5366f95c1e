/* SPDX-License-Identifier: MIT */
/* rust.h - the loops of a contestant that is of Rust, CONTESTANT_IN_RUST, which are in rust/src. */
#ifndef RUST_H
#define RUST_H
#include <stdint.h>

#define RUST_PASTE(peer, name) peer##_##name
#define RUST_NAME(peer, name)  RUST_PASTE(peer, name)

/* name(ops) is the loop that rust/src/lib.rs exports as PEER_name. */
#define RUST_LOOP(name)                                            \
    void        RUST_NAME(CONTESTANT_IN_RUST, name)(uint64_t ops); \
    static void name(uint64_t ops)                                 \
    {                                                              \
        RUST_NAME(CONTESTANT_IN_RUST, name)(ops);                  \
    }

#endif
