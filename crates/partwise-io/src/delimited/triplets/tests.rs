use crate::testing::{dense, gzipped, read_both};
use crate::{AnyMatrix, ErrorKind, ReadOptions, Result, Table};
use partwise::data::Matrix;

fn triplets(text: &str, change: impl FnOnce(&mut ReadOptions)) -> Result<Table> {
    let mut options = ReadOptions::default();
    options.triplets = true;
    change(&mut options);
    read_both("u.data", text.as_bytes(), &options)
}

fn all(text: &str) -> Table {
    triplets(text, |_| {}).unwrap()
}

fn refusal(text: &str, change: impl FnOnce(&mut ReadOptions)) -> String {
    let error = triplets(text, change).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    error.to_string()
}

fn names(of: &Option<Vec<String>>) -> Vec<&str> {
    of.iter().flatten().map(String::as_str).collect()
}

#[test]
fn rows_and_columns_come_as_they_appear() {
    // MovieLens: user, item, rating, time.
    let table = all("196\t242\t3\t881250949\n186\t302\t3\t891717742\n196\t302\t1\t878887116\n");
    assert_eq!((names(&table.row_names), names(&table.col_names)), (vec!["196", "186"], vec!["242", "302"]));
    assert_eq!(dense(&table.matrix), [[3.0, 1.0], [0.0, 3.0]]);
    assert!(table.matrix.is_sparse() && table.stored_as == "triplets");
    assert_eq!(table.notes, ["cells are separated by tabs"]);

    let table = all("user,item,rating\nann,\"up, again\",2.5\nbob,it,1\n");
    assert_eq!(table.notes[0], "cells are separated by commas");
    assert_eq!(table.notes[1], "the first row was taken as headings");
    assert_eq!(names(&table.col_names), ["up, again", "it"]);
    // No heading, further columns of any number, blank lines, a comment.
    let table = all("# made\na b 1\n\na c 2 x\nd b 3 y z\n");
    assert_eq!(dense(&table.matrix), [[1.0, 2.0], [3.0, 0.0]]);
    assert_eq!(names(&all("NA,1,5\n1,NA,6\n").row_names), ["NA", "1"], "a name is a name");

    let mut options = ReadOptions::default();
    options.triplets = true;
    let gz = read_both("x.csv.gz", &gzipped(b"a,b,1\nc,d,2\n"), &options).unwrap();
    assert_eq!(dense(&gz.matrix), [[1.0, 0.0], [0.0, 2.0]]);
}

#[test]
fn what_is_not_listed_is_zero_or_missing() {
    let text = "a,x,0\na,y,4\nb,x,5\n";
    let table = all(text);
    assert_eq!(table.matrix.stored(), 2);
    assert!(table.notes.iter().any(|note| note == "1 stored zero was dropped"), "{:?}", table.notes);
    let table = triplets(text, |options| options.observed_only = true).unwrap();
    let AnyMatrix::F64(Matrix::Weighted(x)) = &table.matrix else { panic!("{table:?}") };
    assert!(x.is_listed() && table.matrix.stored() == 3);
    assert!(table.notes.iter().any(|note| note == "1 stored zero counts as data"), "{:?}", table.notes);
}

#[test]
fn a_value_given_twice_is_a_sum_or_an_error() {
    let text = "user,item,n\na,x,1\n\nb,x,2\na,y,3\na,x,4\n";
    let table = all(text);
    assert_eq!(dense(&table.matrix), [[5.0, 3.0], [2.0, 0.0]]);
    assert!(table.notes.iter().any(|note| note.contains("was added to the first")), "{:?}", table.notes);
    let message = refusal(text, |options| options.observed_only = true);
    for words in ["line 6", "row 'a' and column 'x' were given before, in line 2", "keep that one"] {
        assert!(message.contains(words), "{words}: {message}");
    }
    // By columns, as more rows than columns are listed.
    let message = refusal("a,x,1\nb,x,2\nb,x,3\n", |options| options.observed_only = true);
    assert!(message.contains("line 3: row 'b' and column 'x' were given before, in line 2"), "{message}");
}

#[test]
fn mistakes_are_told_by_place() {
    for (text, words) in [
        ("a,x,1\nb,y\n", "line 2: the row has 2 cells, and a triplet is row, column, value"),
        ("1::2::3\n4::5::6\n", "the row has 1 cell"),
        ("a,x,1\nb,y,high\n", "line 2, column 5: 'high' is not a number; the third cell"),
        ("a,x,1\nb,y,\"1,5\"\n", "decimal comma"),
        ("a,x,1,5\nb,,2,5\n", "line 2, column 3: the column has no name"),
        ("a,x,1\n,y,2\n", "line 2, column 1: the row has no name"),
        ("a,x,1\nb,y,1e999\n", "too large for a double"),
        ("a,x,1\nb,\"y,2\n", "line 2, column 3: the quote that opens here is never closed"),
        ("a,x,1\nc,x,1\nb,\"y\"z,2\n", "follows the quote"),
    ] {
        let message = refusal(text, |_| {});
        assert!(message.contains(words), "{text:?}: {message}");
    }
    // A first value with a comma is a mistake, and no heading.
    let message = refusal("a;x;1,5\nb;y;2,5\n", |_| {});
    assert!(message.contains("line 1, column 5: '1,5' is not a number"), "{message}");
    let message = refusal("a,x,1\nb,y,1e39\n", |options| options.precision = crate::Precision::F32);
    assert!(message.contains("line 2, column 5: the value 1e39 is too large for single"), "{message}");
    let message = refusal("a,x,y\nb,y,1\n", |options| options.header = Some(false));
    assert!(message.contains("line 1, column 5: 'y' is not a number"), "{message}");
    assert!(triplets("a,x,1\n", |options| options.header = Some(true)).is_err(), "nothing is left");
    for (name, bytes) in [("x.npy", &b"\x93NUMPY\x01\x00"[..]), ("x.mtx", b"%%MatrixMarket matrix array")] {
        let mut options = ReadOptions::default();
        options.triplets = true;
        let message = read_both(name, bytes, &options).unwrap_err().to_string();
        assert!(message.contains("triplets are lines of text"), "{message}");
    }
}

#[test]
fn known_names_keep_their_places() {
    let known = |names: &[&str]| Some(names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
    let table = triplets("a,y,1\nb,x,2\n", |options| options.known_cols = known(&["x", "z", "y"])).unwrap();
    assert_eq!(names(&table.col_names), ["x", "z", "y"]);
    assert_eq!(dense(&table.matrix), [[0.0, 0.0, 1.0], [2.0, 0.0, 0.0]]);
    let message = refusal("a,y,1\nb,x,2\n", |options| options.known_rows = known(&["a"]));
    assert!(message.contains("line 2, column 1: 'b' is not among the 1 row that is known"), "{message}");
}

#[test]
fn memory_is_counted_before_it_is_taken() {
    let text: String = (0..20_000).map(|i| format!("row{i},col{},1\n", i * 7 % 1000)).collect();
    for observed in [false, true] {
        let limited = |limit: u64| {
            triplets(&text, |options| (options.memory_limit, options.observed_only) = (limit, observed))
        };
        assert_eq!(limited(100_000).unwrap_err().kind(), ErrorKind::Memory);
        assert!(limited(1 << 24).is_ok());
    }
}
