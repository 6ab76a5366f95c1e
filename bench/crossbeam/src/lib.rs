// SPDX-License-Identifier: MIT
//! What is measured of crossbeam, called as users of Rust call it.

mod epoch;
mod map;
mod queue;
