use crate::testing::{dense, gzipped, read_both, refusal};
use crate::{Error, Precision, ReadOptions, Table};

fn table(name: &str, text: &str) -> Table {
    match read_both(name, text.as_bytes(), &ReadOptions::default()) {
        Ok(table) => table,
        Err(error) => panic!("{text:?}: {error}"),
    }
}

fn names(of: &Option<Vec<String>>) -> Vec<&str> {
    of.iter().flatten().map(String::as_str).collect()
}

#[test]
fn tables_with_and_without_names_are_read() {
    let both = table("x.csv", "gene,c1,c2\na,1,0\nb,2.5,1e3\n");
    assert_eq!(dense(&both.matrix), [[1.0, 0.0], [2.5, 1000.0]]);
    assert_eq!((names(&both.row_names), names(&both.col_names)), (vec!["a", "b"], vec!["c1", "c2"]));
    assert_eq!(both.notes.len(), 2);
    assert_eq!(both.stored_as, "text");
    let r = table("x.tsv", "c1\tc2\na\t1\t0\nb\t2\t3\n");
    assert_eq!((names(&r.row_names), names(&r.col_names)), (vec!["a", "b"], vec!["c1", "c2"]));
    let plain = table("x.txt", "1 2\n3 4\n");
    assert_eq!(plain.notes, ["cells are separated by blanks"]);
    let comment = table("x.txt", "# a b\n1 2\n3 4\n");
    assert_eq!(names(&comment.col_names), ["a", "b"]);
    let semicolons = table("x.csv", "a;b\n1;2\n");
    assert_eq!(semicolons.notes[1], "cells are separated by semicolons");
    assert_eq!(dense(&table("x.csv", "7").matrix), [[7.0]]);
    let gz = read_both("x.csv.gz", &gzipped(b"1,2\n3,4\n"), &ReadOptions::default()).unwrap();
    assert_eq!(dense(&gz.matrix), [[1.0, 2.0], [3.0, 4.0]]);
}

#[test]
fn what_was_found_out_can_be_overruled() {
    let text = "1,2\n3,4\n";
    let mut options = ReadOptions::default();
    (options.header, options.row_names) = (Some(true), Some(true));
    let read = read_both("x.csv", text.as_bytes(), &options).unwrap();
    assert_eq!((names(&read.row_names), names(&read.col_names)), (vec!["3"], vec!["2"]));
    assert_eq!(dense(&read.matrix), [[4.0]]);
    options = ReadOptions::default();
    options.header = Some(false);
    let error = read_both("x.csv", b"a,b\n1,2\n", &options).unwrap_err();
    assert!(error.to_string().contains("'a' is not a number"), "{error}");
    options = ReadOptions::default();
    options.precision = Precision::F32;
    let error = read_both("x.csv", b"1,2\n3,1e39\n", &options).unwrap_err();
    assert!(
        error.to_string().contains("line 2, column 3: the value 1e39 is too large for single"),
        "{error}"
    );
}

#[test]
fn d45_ragged_rows_are_told_by_line() {
    for (text, words) in [
        ("a,b,c\n1,2,3\n4,5\n6,7,8\n", "line 3: the row has 2 cells, the other rows have 3"),
        ("1,2\n3,4\n5,6,7\n", "line 3: the row has 3 cells, the other rows have 2"),
        ("1 2\n3 4\n5\n", "line 3: the row has 1 cell, the other rows have 2"),
        ("a,b,c,d\n1,2\n3,4\n", "line 1: the row has 4 cells, the other rows have 2"),
        ("1,2\n\"3\",4,\n5,6\n7,8\n", "line 2: the row has 3 cells"),
        // A first row with a cell less is one of headings only if something in the table is a name.
        ("1,2\n3,4,5\n6,7,8\n", "line 1: the row has 2 cells, the other rows have 3"),
        ("1 2\n3 4 5\n6 7 8\n", "line 1: the row has 2 cells, the other rows have 3"),
        ("a,b,c\n1,2,3\n,\n4,5,6\n", "line 3: the row has 2 cells, the other rows have 3"),
    ] {
        let message = refusal("x.csv", text.as_bytes());
        assert!(message.contains(words), "{text:?}: {message}");
    }
    // A long way behind the rows that were looked at first.
    let text = format!("{}1,2,3\n", "1,2\n".repeat(100_000));
    assert!(refusal("x.csv", text.as_bytes()).contains("line 100001: the row has 3 cells"));
}

#[test]
fn d45_text_never_becomes_a_number() {
    for (text, words) in [
        ("1,x\n2,3\n4,y z\n", "line 3, column 3: 'y z' is not a number"),
        ("a,b\n1,2\n3,4 5\n", "line 3, column 3: '4 5' is not a number"),
        (
            "g,d,c\na,foo,1\nb,bar,2\n",
            "line 2, column 3: 'foo' is not a number (cell 2 of the row); only the first",
        ),
        (
            "1;2,5\n3,5;4\n",
            "line 1, column 3: '2,5' is not a number (cell 2 of the row); is this a decimal comma",
        ),
        ("1,5\t2,5\n3,5\t4,5\n", "decimal comma"),
        ("a,b\n1,\"1,234.5\"\n2,3\n", "line 2, column 3: '1,234.5' is not a number"),
        ("a,b\n1,1'234\n", "without marks between thousands"),
        ("a,b\n1,0x1F\n", "write numbers in decimal"),
        ("a,b\n1,5%\n", "write 0.05 for 5%"),
        ("a,b\n1,1e999\n", "line 2, column 3: '1e999' is too large"),
        ("a,b\n1,2\n3,TRUE\n", "'TRUE' is not a number"),
        ("a,b\n1,2\n3,2020-01-02\n", "not a number"),
        ("a,b\n1,2\n3,\"4\" x\n", "line 3, column 7: 'x' follows the quote that closes the cell"),
        ("a,b\n1,2\n3,\"4\n", "line 3, column 3: the quote that opens here is never closed"),
        ("a,b\n1,2\n3,\u{1b}[31m\n", r"'\u{1b}[31m' is not a number"),
    ] {
        let message = match read_both("x.csv", text.as_bytes(), &ReadOptions::default()) {
            Err(error) => error.to_string(),
            Ok(table) => panic!("{text:?}: {table:?}"),
        };
        assert!(message.contains(words), "{text:?}: {message}");
    }
}

/// What stands between cells is found even where every row has one decimal comma, and so as many commas as the next.
#[test]
fn d45_a_decimal_comma_separates_nothing() {
    for (name, text) in [
        ("x.csv", "name;val\na;1,5\nb;2,5\n"),
        ("x.csv", "a;1,5\nb;2,5\n"),
        ("x.csv", "n;v;w\na;1;2,5\nb;3;4,5\n"),
        ("x.csv", "1;2,5\n3;4,5\n"),
        ("x.csv", "a;-2,5e-01\nb;1.234,5E+3\n"),
        ("x.csv", "a;1,234.5\nb;12,345,678\n"),
        ("x.csv", "\"2,5\";\n\"3,5\";\n"),
        ("x.csv", "a\t1,5\nb\t2,5\n"),
        ("x.tsv", "a\t1,5\nb\t2,5\n"),
        ("x.txt", "v|w\n1|2,5\n3|4,5\n"),
    ] {
        let message = refusal(name, text.as_bytes());
        assert!(message.contains("between thousands"), "{text:?}: {message}");
    }
    // Blanks and semicolons are parts of names as often as not.
    let read = table("x.csv", "sample 1,5\nsample 2,6\n");
    assert_eq!(
        (names(&read.row_names), dense(&read.matrix)),
        (vec!["sample 1", "sample 2"], vec![vec![5.0], vec![6.0]])
    );
    let read = table("x.csv", "k;p,c1,c2\nBacteria;x,5,1\nBacteria;y,6,2\n");
    assert_eq!(names(&read.row_names), ["Bacteria;x", "Bacteria;y"]);
    let read = table("x.csv", "100.5;3.2,5\n101.5;3.3,6\n");
    assert_eq!(names(&read.row_names), ["100.5;3.2", "101.5;3.3"]);
}

/// One odd cell among the numbers of the first column does not make names of them.
#[test]
fn d45_an_odd_cell_in_the_first_column_is_told() {
    for odd in ["<0.1", "5O", "missing", ".", "1,5"] {
        for (separator, header) in [(",", ""), (";", "a;b;c\n"), ("\t", "")] {
            if odd.contains(separator) {
                continue;
            }
            for at in [1, 2, 30, 64] {
                let row = |i: usize| {
                    let first = if i == at { odd.to_string() } else { i.to_string() };
                    format!("{first}{separator}2{separator}3\n")
                };
                let text = header.to_string() + &(1..=200).map(row).collect::<String>();
                let message = refusal("x.csv", text.as_bytes());
                let line = at + usize::from(!header.is_empty());
                for words in [&format!("line {line}, column 1: '{odd}' is not"), "--row-names yes takes"] {
                    assert!(message.contains(words), "{text:?}: {message}");
                }
            }
        }
    }
    let mut options = ReadOptions::default();
    options.row_names = Some(true);
    let read = read_both("x.csv", b"1,2\n5O,4\n", &options).unwrap();
    assert_eq!(names(&read.row_names), ["1", "5O"]);
    // Nor does one make headings of a row, or a row that lacks a cell one of headings.
    let message = refusal("x.csv", b"1,2,<0.1,4\n5,6,7,8\n");
    assert!(message.contains("'<0.1' is not a number") && message.contains("--header yes"), "{message}");
    let message = refusal("x.csv", b"1,2\n3,4,5\n<0.1,7,8\n9,1,2\n");
    assert!(message.contains("line 1: the row has 2 cells"), "{message}");
}

/// The last column may be empty in all the rows that were looked at first, and yet not in all.
#[test]
fn d45_no_value_is_left_out_with_an_empty_column() {
    let text = |last: &str| format!("a,b,\n{}{last}\n3,4,\n", "1,2,\n".repeat(100));
    assert_eq!(table("x.csv", &text("5,6,")).matrix.cols(), 2);
    for last in ["5,6,7", "5,6,7.5e3", "5,6,\"7\"", "5,6,NA"] {
        let message = refusal("x.csv", text(last).as_bytes());
        assert!(
            message.contains("line 102, column 5") && message.contains("empty in the rows before"),
            "{message}"
        );
    }
}

#[test]
fn d45_missing_values_become_nan() {
    let text = "a,b\n1,\nNA,2\nn/a,NaN\nnull,None\n#N/A,<NA>\n\"\",\"NA\"\n -nan ,3\n";
    let read = table("x.csv", text);
    let nans = dense(&read.matrix).iter().flatten().filter(|x| x.is_nan()).count();
    assert_eq!(nans, 11);
    assert!(read.notes[1].starts_with("11 missing values were read as NaN"), "{:?}", read.notes);
    // A missing value that begins like a comment.
    for text in ["#N/A,1\n2,3\n", "#N/A\n2\n", "#NA\t1\n2\t3\n", "#N/A N/A;5\n6;7\n"] {
        let read = table("x.csv", text);
        assert!(read.matrix.rows() == 2 && dense(&read.matrix)[0][0].is_nan(), "{text:?}: {read:?}");
    }
    // What spreadsheets leave at the end are no rows; in between they are missing.
    let read = table("x.csv", "a,b,c\n1,2,3\n,,\n4,5,6\n,,\n,,\n");
    assert_eq!(read.matrix.rows(), 3);
    assert!(dense(&read.matrix)[1].iter().all(|x| x.is_nan()));
    assert!(read.notes.iter().any(|note| note.starts_with("2 rows without values")), "{:?}", read.notes);
    let read = table("x.csv", "1,2\n\n3,4\n\n\n");
    assert_eq!(read.notes, ["1 empty line between rows was left out"]);
}

#[test]
fn d45_quotes_line_ends_and_marks_are_understood() {
    let read = table("x.csv", "\u{feff}\"g\",\"a,\r\nb\",\"c\"\"d\"\r\n\"x\ny\",1,\"2\"\r\n\"z\", 3 ,4\r\n");
    assert_eq!(names(&read.col_names), ["a,\r\nb", "c\"d"]);
    assert_eq!(names(&read.row_names), ["x\ny", "z"]);
    assert_eq!(dense(&read.matrix), [[1.0, 2.0], [3.0, 4.0]]);
    // Lines are counted through names that take several.
    let message = refusal("x.csv", b"\"g\",\"a\r\nb\"\r\n\"x\ny\",oops\r\n");
    assert!(message.contains("line 4, column 4: 'oops'"), "{message}");
    assert_eq!(dense(&table("x.csv", "1,2\r3,4\r").matrix), [[1.0, 2.0], [3.0, 4.0]]);
    assert_eq!(dense(&table("x.csv", "a,b,\n1,2,\n3,4,\n").matrix), [[1.0, 2.0], [3.0, 4.0]]);
}

#[test]
fn d45_other_encodings_are_named() {
    let message = refusal("x.csv", b"\xff\xfe1\0,\x002\0\n\0");
    assert!(message.contains("UTF-16"), "{message}");
    assert!(refusal("x.txt", b"1\0,\x002\0\n\x003\0").contains("UTF-16"));
    let message = refusal("x.csv", b"gene,caf\xe9\na,1\n");
    assert!(message.contains("line 1, column 9: byte 0xE9 is not UTF-8 text"), "{message}");
    assert!(message.contains("iconv"), "{message}");
    assert!(refusal("x.csv", b"g,a\nx,1\ny,\xe9\n").contains("line 3, column 3: byte 0xE9"));
    assert!(refusal("x.csv", b"g,a\nx,1\ny,1\0\n").contains("line 3, column 4: there is a NUL byte"));
    assert!(refusal("x.csv", b"g,a\nx\0,1\ny,1\n").contains("line 2, column 2: there is a NUL byte"));
}

#[test]
fn d45_names_may_repeat_and_columns_may_be_many() {
    let read = table("x.csv", "g,a,a\nx,1,2\nx,3,4\n");
    assert_eq!(read.notes[2], "the row name 'x' occurs more than once");
    assert_eq!(read.notes[3], "the column name 'a' occurs more than once");
    let columns = 1_000_000;
    let header: Vec<String> = (0..columns).map(|j| format!("c{j}")).collect();
    let line = vec!["1"; columns].join(",");
    let read = table("x.csv", &format!("{}\n{line}\n{line}\n", header.join(",")));
    assert_eq!((read.matrix.rows(), read.matrix.cols()), (2, columns));
    assert_eq!(read.col_names.unwrap()[999_999], "c999999");
}

#[test]
fn d45_files_without_numbers_say_so() {
    assert!(refusal("x.csv", b"").ends_with("is empty"));
    assert!(refusal("x.csv", b"\n\n").contains("there are no rows"));
    assert!(refusal("x.csv", b"# nothing\n").contains("there are no rows"));
    assert!(refusal("x.csv", b"a,b,c\n").contains("has shape (0, "));
    assert!(refusal("x.csv", b"\xef\xbb\xbf").contains("there are no rows"));
}

#[test]
fn d46_guarded_names_come_back() {
    let read = table("x.csv", "g,\"'=cmd()\",'x,''-1\n\"'@a\",1,2,3\n");
    assert_eq!(names(&read.col_names), ["=cmd()", "'x", "'-1"]);
    assert_eq!(names(&read.row_names), ["@a"]);
}

#[test]
fn whole_numbers_that_lose_digits_are_counted() {
    let read = table(
        "x.csv",
        "9007199254740993,9007199254740991,-9007199254740993\n0.1,12345678901234567890.5,1e300\n",
    );
    assert_eq!(read.notes, ["2 integers of 2^53 or more may have lost digits"]);
}

#[test]
fn wide_rows_may_fill_the_buffer_that_is_looked_at_first() {
    let mut options = ReadOptions::default();
    options.memory_limit = 4 << 20;
    // Four rows together are longer than one may be.
    let line = vec!["1"; 150_000].join(",");
    let text = format!("{line}\n").repeat(5);
    let read = read_both("x.csv", text.as_bytes(), &options);
    assert!(matches!(read, Err(Error::Memory { .. })), "{read:?}");
    options.memory_limit = 8 << 20;
    let read = read_both("x.csv", format!("{line}\n").repeat(9).as_bytes(), &options);
    assert!(matches!(read, Err(Error::Memory { .. })), "{read:?}");
    options.memory_limit = 7 << 18;
    let read = read_both("x.csv", format!("{line}\n").as_bytes(), &options).unwrap();
    assert_eq!((read.matrix.rows(), read.matrix.cols()), (1, 150_000));
}

#[test]
fn memory_is_bounded_by_the_limit() {
    let mut options = ReadOptions::default();
    options.memory_limit = 1 << 20;
    let text = gzipped("1,2,3,4\n".repeat(100_000).as_bytes());
    let error = read_both("x.csv.gz", &text, &options).unwrap_err();
    assert!(matches!(error, Error::Memory { limit: Some(1_048_576), .. }), "{error}");
    let bomb = gzipped(&vec![b'1'; 50 << 20]);
    let error = read_both("x.csv.gz", &bomb, &options).unwrap_err();
    assert!(error.to_string().contains("longer than 262.1 kB"), "{error}");
}
