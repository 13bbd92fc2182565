#![no_main]
use libfuzzer_sys::fuzz_target;
use partwise_io::ReadOptions;

// The first byte chooses the name, and with it the separator that is tried first; and whether several columns of names become
// one.
fuzz_target!(|bytes: &[u8]| {
    if let Some((choice, text)) = bytes.split_first() {
        let mut options = ReadOptions::default();
        options.joined_names = choice & 4 != 0;
        partwise_fuzz::check_as(["x.csv", "x.tsv", "x.txt", "x"][usize::from(choice & 3)], text, options);
    }
});
