use crate::testing::{dense, gzipped, read_both, read_bytes, refusal};
use crate::{Error, OnDuplicates, Precision, ReadOptions};

const REAL: &str = "%%MatrixMarket matrix coordinate real general\n";
const INTEGER: &str = "%%MatrixMarket matrix coordinate integer general\n";
const PATTERN: &str = "%%MatrixMarket matrix coordinate pattern general\n";
const SYMMETRIC: &str = "%%MatrixMarket matrix coordinate real symmetric\n";
const ARRAY: &str = "%%MatrixMarket matrix array real general\n";

fn matrix(text: &str) -> Vec<Vec<f64>> {
    let table = read_both("x.mtx", text.as_bytes(), &ReadOptions::default()).unwrap();
    dense(&table.matrix)
}

fn note(text: &str) -> String {
    read_bytes("x.mtx", text.as_bytes()).unwrap().notes.join("; ")
}

#[test]
fn all_kinds_are_read() {
    let want = [[0.0, 2.0], [0.5, 0.0]];
    assert_eq!(matrix(&format!("{REAL}% comment\n2 2 2\n1 2 2\n2 1 5e-1\n")), want);
    assert_eq!(matrix(&format!("{ARRAY}2 2\n0\n0.5\n2\n0\n")), want);
    assert_eq!(matrix(&format!("{INTEGER}2 2 2\n1 2 2\n2 1 -3\n")), [[0.0, 2.0], [-3.0, 0.0]]);
    assert_eq!(matrix(&format!("{SYMMETRIC}2 2 2\n1 1 1\n2 1 3\n")), [[1.0, 3.0], [3.0, 0.0]]);
    assert_eq!(matrix(&format!("{SYMMETRIC}2 2 1\n1 2 3\n")), [[0.0, 3.0], [3.0, 0.0]]);
    let lower = "%%MatrixMarket matrix array real symmetric\n3 3\n1\n2\n3\n4\n5\n6\n";
    assert_eq!(matrix(lower), [[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]]);
    let table = read_bytes("x.mtx", format!("{REAL}2 2 1\n1 2 0.1\n").as_bytes()).unwrap();
    assert_eq!((table.stored_as.as_str(), table.matrix.is_sparse()), ("real", true));
}

#[test]
fn d01_nul_bytes_are_found_by_line() {
    for (text, place) in [
        (format!("{REAL}1 1 1\n1 1 1\0\n"), "line 3, column 6"),
        (format!("{REAL}1 1 1\n1\0 1 1\n"), "line 3, column 2"),
        (format!("{REAL}1\0 1 1\n1 1 1\n"), "line 2, column 2"),
        (format!("{REAL}%\0\n1 1 1\n1 1 1\n"), "line 2, column 2"),
        (format!("{REAL}1 1 1\n%x\0\n1 1 1\n"), "line 3, column 3"),
        (format!("{REAL}1 1 1\n1 1 1\n\0"), "line 4"),
        ("%%MatrixMarket matrix\0 coordinate real general\n1 1 1\n1 1 1\n".to_string(), "line 1"),
    ] {
        let message = refusal("x.mtx", text.as_bytes());
        assert!(message.contains(place), "{text:?}: {message}");
    }
}

#[test]
fn d02_d04_sizes_that_the_file_cannot_hold_are_truncated() {
    for text in [
        format!("{REAL}5 5 999999999999\n1 1 1\n"),
        format!("{PATTERN}5 5 18446744073709551615\n1 1\n"),
        format!("{ARRAY}1000000 1000000\n1\n"),
    ] {
        let error = read_both("x.mtx", text.as_bytes(), &ReadOptions::default()).unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }), "{error}");
    }
}

#[test]
fn d03_d05_sizes_that_no_machine_holds_are_refused() {
    for size in ["4611686018427387904 4611686018427387904 1", "5000000000 1 1", "4294967295 4294967295 1"] {
        let mut options = ReadOptions::default();
        options.memory_limit = 1 << 30;
        let text = format!("{REAL}{size}\n1 1 1\n");
        let error = read_both("x.mtx", text.as_bytes(), &options).unwrap_err();
        assert!(matches!(error, Error::Memory { .. }) && error.exit_code() == 71, "{error}");
    }
    for size in ["4294967296 4294967296", "18446744073709551615 2"] {
        let message = refusal("x.mtx", format!("{ARRAY}{size}\n1\n").as_bytes());
        assert!(message.contains("the size line is wrong"), "{message}");
    }
    let message = refusal("x.mtx", format!("{REAL}99999999999999999999 1 1\n1 1 1\n").as_bytes());
    assert!(message.contains("the size line is '99999999999999999999 1 1'"), "{message}");
}

#[test]
fn d06_duplicates_are_added_up_or_refused() {
    let text = format!("{REAL}1 2 4\n1 1 1\n1 2 5\n1 1 2\n1 1 0\n");
    assert_eq!(matrix(&text), [[3.0, 5.0]]);
    assert_eq!(note(&text), "2 entries that were given before were added to the first");
    let mut options = ReadOptions::default();
    options.on_duplicates = OnDuplicates::Error;
    let error = read_both("x.mtx", text.as_bytes(), &options).unwrap_err();
    assert!(matches!(error, Error::Duplicates { row: 0, col: 0, .. }), "{error}");
}

#[test]
fn d07_counts_that_differ_are_given() {
    for (text, words) in [
        (format!("{REAL}9 9 3\n1 1 1\n2 2 1111111\n"), "3 entries expected, 2 found"),
        (format!("{REAL}2 2 1\n1 1 1\n2 2 1\n"), "line 4: there are more than the 1 entry the size line"),
        (format!("{REAL}9 9 2\n%..\n1 1 11111111\n2 2"), "line 5, column 4: the value is missing"),
        (format!("{ARRAY}2 2\n1111\n2\n3\n"), "4 entries expected, 3 found"),
        (format!("{ARRAY}1 2\n1\n2\n3\n"), "line 5: there are more than the 2 entries"),
    ] {
        let message = refusal("x.mtx", text.as_bytes());
        assert!(message.contains(words), "{text:?}: {message}");
    }
}

#[test]
fn d08_d09_bad_entries_are_told_by_place() {
    for (line, words) in [
        ("0 1 1", "line 3, column 1: row index 0: Matrix Market counts from 1"),
        ("1 0 1", "line 3, column 3: column index 0: Matrix Market counts from 1"),
        ("-1 1 1", "row index -1: Matrix Market counts from 1"),
        ("4 1 1", "row index 4, but the matrix has 3 rows"),
        ("1 9999999999999999999999 1", "column index 9999999999999999999999, but the matrix has 3 columns"),
        ("1.0 1 1", "'1.0' is not a row index"),
        ("1 x 1", "'x' is not a column index"),
        ("+1 1 1", "'+1' is not a row index"),
        ("1", "the column index is missing"),
        ("1 1", "column 4: the value is missing"),
        ("1 1 1 1", "column 7: the line goes on with '1'"),
    ] {
        // The comment is there so that the file is long enough for one entry.
        let message = refusal("x.mtx", format!("{REAL}3 3 1\n{line}\n%....\n").as_bytes());
        assert!(message.contains(words), "{line:?}: {message}");
    }
    let message = refusal("x.mtx", format!("{PATTERN}3 3 1\n1 1 1\n").as_bytes());
    assert!(message.contains("goes on with '1'"), "{message}");
}

#[test]
fn d10_to_d14_numbers_are_read_exactly_or_refused() {
    for (word, words) in [
        ("1,5", "'1,5' is not a number; is this a decimal comma"),
        ("0x1p3", "'0x1p3' is not a number; write numbers in decimal"),
        ("1e999", "'1e999' is too large for a double"),
        ("1.5D", "'1.5D' is not a number"),
        ("abc", "line 3, column 5: 'abc' is not a number"),
        ("1_0", "not a number"),
        ("1..5", "not a number"),
    ] {
        let message = refusal("x.mtx", format!("{REAL}1 1 1\n1 1 {word}\n").as_bytes());
        assert!(message.contains(words), "{word}: {message}");
    }
    for (word, x) in [("1.5D+02", 150.0), ("+2", 2.0), ("inf", f64::INFINITY), ("1e-400", 0.0), (".5", 0.5)] {
        assert_eq!(matrix(&format!("{REAL}1 1 1\n1 1 {word}\n"))[0][0], x, "{word}");
    }
    assert!(matrix(&format!("{REAL}1 1 1\n1 1 NaN\n"))[0][0].is_nan());
}

#[test]
fn d15_to_d17_careless_files_are_understood() {
    let want = [[0.0, 2.0]];
    for text in [
        "\u{feff}%%MatrixMarket matrix coordinate real general\n1 2 1\n1 2 2\n",
        "%%MatrixMarket matrix coordinate real general\r\n1 2 1\r\n1 2 2\r\n",
        "%%MatrixMarket matrix coordinate real general\r1 2 1\r1 2 2",
        "%%MatrixMarket matrix coordinate real general\r\n1 2 1\n1 2 2\r",
        "%%MATRIXMARKET MATRIX COORDINATE REAL GENERAL\n1 2 1\n1 2 2\n",
        "%MatrixMarket matrix coordinate real general\n1 2 1\n1 2 2\n",
        "\n  %%MatrixMarket matrix coordinate real general\n 1  2\t1\n\t1 2  2 \n",
    ] {
        assert_eq!(matrix(text), want, "{text:?}");
        let careless = !text.contains("%%MatrixMarket") || text.starts_with('\n');
        assert_eq!(note(text).contains("not quite"), careless, "{text:?}");
        assert_eq!(note(text).contains("as '%%MatrixMarket matrix "), careless, "{text:?}");
    }
}

#[test]
fn d18_d19_banners_that_are_not_served_say_why() {
    for (banner, words) in [
        ("matrix coordinate reel general", "gives 'reel' as the field; allowed are real, double, integer"),
        ("vector coordinate real general", "'vector' as the object; allowed are matrix"),
        ("matrix coordinates real general", "'coordinates' as the layout"),
        ("matrix coordinate real symmetrical", "'symmetrical' as the symmetry"),
        ("matrix coordinate real", "lacks the symmetry"),
        ("matrix coordinate real general x", "goes on with 'x'"),
        ("matrix coordinate complex general", "complex numbers; a factorization needs real values"),
        ("matrix coordinate real hermitian", "needs real values"),
        ("matrix coordinate complex hermitian", "needs real values"),
        ("matrix coordinate real skew-symmetric", "has negative entries"),
        ("matrix array pattern general", "an array cannot be a pattern"),
    ] {
        let message = refusal("x.mtx", format!("%%MatrixMarket {banner}\n1 1 1\n1 1 1\n").as_bytes());
        assert!(message.contains(words), "{banner}: {message}");
    }
    assert!(refusal("x.mtx", b"1 1 1\n").contains("not a Matrix Market file: it starts with '1 1 1'"));
}

#[test]
fn d20_patterns_are_ones() {
    assert_eq!(matrix(&format!("{PATTERN}2 2 2\n1 2\n2 1\n")), [[0.0, 1.0], [1.0, 0.0]]);
}

#[test]
fn d21_symmetry_is_checked() {
    let message = refusal("x.mtx", format!("{SYMMETRIC}2 3 1\n1 1 1\n").as_bytes());
    assert!(message.contains("declared symmetric, but its size is 2 x 3"), "{message}");
    let message = refusal("x.mtx", format!("{SYMMETRIC}2 2 2\n1 2 5\n2 1 5\n").as_bytes());
    assert!(message.contains("line 4") && message.contains("both triangles"), "{message}");
}

#[test]
fn d22_comments_and_blank_lines_may_stand_anywhere() {
    let text = format!("{REAL}% a\n\n%b\n1 2 2\n% c\n1 1 1\n   \n1 2 2\n%\n\n");
    assert_eq!(matrix(&text), [[1.0, 2.0]]);
    let long = format!("{REAL}%{}\n1 1 1\n1 1 1\n", "x".repeat(2 << 20));
    assert!(refusal("x.mtx", long.as_bytes()).contains("longer than"));
}

#[test]
fn d23_empty_files_differ_in_what_they_lack() {
    assert!(refusal("x.mtx", b"").ends_with("is empty"));
    assert!(refusal("x.mtx", REAL.as_bytes()).contains("a line with the size of the matrix"));
    assert!(refusal("x.mtx", format!("{REAL}0 0 0\n").as_bytes()).contains("has shape (0, 0)"));
    assert!(refusal("x.mtx", format!("{REAL}0 0 0\n1 1 1\n").as_bytes()).contains("more than the 0 entries"));
    assert!(refusal("x.mtx", format!("{REAL}1 1\n1 1 1\n").as_bytes()).contains("rows, columns and entries"));
    assert_eq!(matrix(&format!("{REAL}1 2 0\n")), [[0.0, 0.0]]);
}

#[test]
fn d24_integers_are_integers_and_fit() {
    let read = |word: &str| matrix(&format!("{INTEGER}1 1 1\n1 1 {word}\n"))[0][0];
    assert_eq!(read("9223372036854775807"), 9_223_372_036_854_775_807.0);
    assert_eq!(read("18446744073709551615"), 18_446_744_073_709_551_615.0);
    let text = format!("{INTEGER}1 3 3\n1 1 9007199254740991\n1 2 9007199254740993\n1 3 -9007199254740993\n");
    assert_eq!(note(&text), "2 integers of 2^53 or more may have lost digits");
    for (word, words) in [
        ("99999999999999999999", "does not fit into 64 bits"),
        ("1.5", "'1.5' is not an integer"),
        ("1e3", "not an integer"),
        ("nan", "not an integer"),
    ] {
        let message = refusal("x.mtx", format!("{INTEGER}1 1 1\n1 1 {word}\n").as_bytes());
        assert!(message.contains(words), "{word}: {message}");
    }
}

#[test]
fn d25_gzip_is_checked_as_it_is_read() {
    let text = format!("{REAL}2 2 2\n1 2 2\n2 1 5e-1\n");
    let whole = gzipped(text.as_bytes());
    let read = |name: &str, bytes: &[u8]| read_both(name, bytes, &ReadOptions::default());
    let want = [[0.0, 2.0], [0.5, 0.0]];
    assert_eq!(dense(&read("x.mtx.gz", &whole).unwrap().matrix), want);
    assert_eq!(dense(&read("x.mtx", &whole).unwrap().matrix), want);
    let plain = read("x.mtx.gz", text.as_bytes()).unwrap();
    assert_eq!(dense(&plain.matrix), want);
    assert!(plain.notes[0].contains("not gzipped"), "{:?}", plain.notes);
    // Several members are one text.
    let (a, b) = text.as_bytes().split_at(50);
    let two = [gzipped(a), gzipped(b)].concat();
    assert_eq!(dense(&read("x.mtx.gz", &two).unwrap().matrix), want);
    for cut in 0..whole.len() {
        assert!(read("x.mtx.gz", &whole[..cut]).is_err(), "cut at {cut}");
    }
    let mut damaged = whole.clone();
    let crc = whole.len() - 8;
    damaged[crc] ^= 1;
    assert!(matches!(read("x.mtx.gz", &damaged), Err(Error::Damaged { .. })));
    let nested = gzipped(&whole);
    assert!(refusal("x.mtx.gz", &nested).contains("gzip within gzip"));
}

#[test]
fn d25_a_gzip_bomb_ends_at_the_limit() {
    // Blank lines without end: read in constant memory. Entries without end: refused by the size line.
    let blank = gzipped(format!("{REAL}1 1 1\n{}1 1 1\n", "\n".repeat(8 << 20)).as_bytes());
    assert!(blank.len() < 20_000);
    let mut options = ReadOptions::default();
    options.memory_limit = 1 << 20;
    assert!(read_both("x.mtx.gz", &blank, &options).is_ok());
    let entries = gzipped(format!("{REAL}1 1 999999\n{}", "1 1 1\n".repeat(999_999)).as_bytes());
    let error = read_both("x.mtx.gz", &entries, &options).unwrap_err();
    assert!(matches!(error, Error::Memory { .. }), "{error}");
}

#[test]
fn single_precision_is_rounded_once_and_never_overflows() {
    let mut options = ReadOptions::default();
    options.precision = Precision::F32;
    let text = format!("{REAL}1 2 2\n1 1 0.1\n1 2 3e38\n");
    let table = read_both("x.mtx", text.as_bytes(), &options).unwrap();
    assert_eq!(dense(&table.matrix), [[f64::from(0.1f32), f64::from(3e38f32)]]);
    let text = format!("{REAL}1 1 1\n1 1 1e39\n");
    let error = read_both("x.mtx", text.as_bytes(), &options).unwrap_err().to_string();
    assert!(error.contains("line 3, column 5") && error.contains("too large for single"), "{error}");
}
