// SPDX-License-Identifier: MIT
// truth_rust.rs - a program in Rust: its standard library calls malloc, from threads too.

#[inline(never)]
fn keep_boxes() -> Vec<Box<[u8; 4096]>> {
    let mut all = Vec::with_capacity(100);
    for i in 0..100 {
        all.push(Box::new([i as u8; 4096]));
    }
    all
}

fn main() {
    let threads: Vec<_> = (0..4)
        .map(|n| std::thread::spawn(move || (0..1000).map(|i| format!("{n}{i}").len()).sum::<usize>()))
        .collect();
    let lengths: Vec<usize> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    let boxes = keep_boxes();
    println!("{:?} {}", lengths, boxes.iter().map(|b| b[7] as usize).sum::<usize>());
    std::process::exit(7);
}
