#![no_main]
use libfuzzer_sys::fuzz_target;

// The first byte chooses the name, and whether the rest is gzipped first.
fuzz_target!(|bytes: &[u8]| {
    let Some((choice, content)) = bytes.split_first() else { return };
    let name =
        ["x", "x.csv", "x.mtx", "x.npy", "x.npz", "x.gz", "x.tsv.gz", "x.h5ad"][usize::from(choice & 7)];
    if choice & 8 == 0 {
        partwise_fuzz::check(name, content);
    } else if let Some(zipped) = partwise_fuzz::gzipped(content) {
        partwise_fuzz::check(name, &zipped);
    }
});
