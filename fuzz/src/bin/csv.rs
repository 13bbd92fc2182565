#![no_main]
use libfuzzer_sys::fuzz_target;

// The first byte chooses the name, and with it the separator that is tried first.
fuzz_target!(|bytes: &[u8]| {
    if let Some((choice, text)) = bytes.split_first() {
        partwise_fuzz::check(["x.csv", "x.tsv", "x.txt", "x"][usize::from(choice & 3)], text);
    }
});
