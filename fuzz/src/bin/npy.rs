#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| partwise_fuzz::check("x.npy", bytes));
