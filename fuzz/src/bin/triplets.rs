#![no_main]
use libfuzzer_sys::fuzz_target;
use partwise_io::ReadOptions;

// The first byte chooses the name, and with it the separator that is tried first, and whether only what is listed counts.
fuzz_target!(|bytes: &[u8]| {
    if let Some((choice, text)) = bytes.split_first() {
        let mut options = ReadOptions::default();
        options.triplets = true;
        options.observed_only = choice & 4 != 0;
        if choice & 8 != 0 {
            options.known_cols = Some(vec!["a".into(), "b".into()]);
        }
        partwise_fuzz::check_as(["x.csv", "x.tsv", "x.txt", "x.data"][usize::from(choice & 3)], text, options);
    }
});
