//! Documents from everywhere, and what is none.

use super::*;
use crate::testing::{Folder, gzipped};
use std::path::PathBuf;

/// Names and texts, and notes.
type Got = Result<(Vec<(String, String)>, Vec<String>)>;

fn read_with(paths: &[PathBuf], options: &DocumentOptions) -> Got {
    let mut all = Vec::new();
    let notes = read_documents(paths, options, &mut |document| {
        all.push((document.name, document.text));
        Ok(())
    })?;
    Ok((all, notes))
}

fn read(path: PathBuf) -> Got {
    read_with(&[path], &DocumentOptions::default())
}

fn options(lines: bool, column: &str, id: &str) -> DocumentOptions {
    let given = |name: &str| (!name.is_empty()).then(|| name.to_string());
    DocumentOptions { lines, column: given(column), id: given(id), ..DocumentOptions::default() }
}

fn pairs(all: &[(String, String)]) -> Vec<(&str, &str)> {
    all.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

fn error(path: PathBuf, options: &DocumentOptions) -> String {
    let text = read_with(&[path], options).unwrap_err().to_string();
    assert!(text.len() < 700, "{text}");
    text
}

#[test]
fn a_folder_is_read_by_path() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.join("b/c")).unwrap();
    std::fs::create_dir_all(folder.join(".git")).unwrap();
    folder.file("z.txt", b"last");
    folder.file("b/c/deep.TEXT", b"deep");
    folder.file("b/a.md.gz", &gzipped(b"zipped"));
    folder.file("a.txt", b"\xef\xbb\xbffirst");
    folder.file("empty.txt", b"");
    folder.file("bad.txt", b"caf\xe9");
    folder.file("wide.txt", b"\xff\xfeh\0i\0");
    folder.file("binary.txt", b"a\0b");
    folder.file("p.pdf", b"%PDF-1.5");
    folder.file("README", b"not this");
    folder.file(".hidden.txt", b"nor this");
    folder.file(".git/x.txt", b"nor this");
    let (all, notes) = read(folder.join("")).unwrap();
    assert_eq!(
        pairs(&all),
        [
            ("a.txt", "first"),
            ("b/a.md.gz", "zipped"),
            ("b/c/deep.TEXT", "deep"),
            ("bad.txt", "caf\u{FFFD}"),
            ("empty.txt", ""),
            ("wide.txt", "hi"),
            ("z.txt", "last"),
        ]
    );
    let notes = notes.join("\n");
    for words in [
        "files of other kinds are left out: 1 .pdf",
        "1 file without an ending is left out",
        "1 file that is not text is left out, the first is 'binary.txt'",
        "1 document is not in UTF-8",
        "'bad.txt'",
    ] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    // Two paths: names say which.
    let two = [folder.join("b"), folder.join("a.txt")];
    let (all, _) = read_with(&two, &DocumentOptions::default()).unwrap();
    assert!(all[0].0.ends_with("/b/a.md.gz") && all[2].0.ends_with("/a.txt"), "{all:?}");
}

#[test]
fn files_without_endings_are_texts_if_there_are_no_others() {
    let folder = Folder::new();
    folder.file("53068", b"one");
    folder.file("53069", b"two");
    let (all, notes) = read(folder.join("")).unwrap();
    assert_eq!(pairs(&all), [("53068", "one"), ("53069", "two")]);
    assert!(notes[0].contains("2 files without an ending were taken"), "{notes:?}");
    let empty = Folder::new();
    assert!(error(empty.join(""), &DocumentOptions::default()).contains("there is no file of text"));
    empty.file("x.csv", b"a\n");
    assert!(error(empty.join(""), &DocumentOptions::default()).contains("but 1 .csv"));
}

#[cfg(unix)]
#[test]
fn links_do_no_harm() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    std::fs::create_dir_all(folder.join("in")).unwrap();
    folder.file("in/a.txt", b"one");
    symlink(folder.join(""), folder.join("in/round")).unwrap();
    symlink("in", folder.join("also")).unwrap();
    symlink("/", folder.join("all")).unwrap();
    symlink("nowhere", folder.join("broken.txt")).unwrap();
    symlink("in/a.txt", folder.join("link.txt")).unwrap();
    let outside = Folder::new();
    outside.file("far.txt", b"far");
    symlink(outside.join(""), folder.join("outside")).unwrap();
    let (all, notes) = read(folder.join("")).unwrap();
    assert_eq!(pairs(&all), [("in/a.txt", "one"), ("link.txt", "one"), ("outside/far.txt", "far")]);
    let notes = notes.join("\n");
    assert!(notes.contains("3 links lead to a folder that is read already"), "{notes}");
    assert!(notes.contains("'broken.txt'"), "{notes}");
}

#[test]
fn lines_are_documents_if_asked() {
    let folder = Folder::new();
    let path = folder.file("x.txt", b"one\n\ntwo\r\nthree");
    assert_eq!(pairs(&read(path.clone()).unwrap().0), [("x.txt", "one\n\ntwo\r\nthree")]);
    let (all, _) = read_with(&[path], &options(true, "", "")).unwrap();
    assert_eq!(pairs(&all), [("x.txt:1", "one"), ("x.txt:2", ""), ("x.txt:3", "two"), ("x.txt:4", "three")]);
    let binary = folder.file("y.txt", b"a\0b\n");
    assert!(error(binary.clone(), &options(true, "", "")).contains("not text"));
    assert!(error(binary, &DocumentOptions::default()).contains("not text"));
}

const TABLE: &str =
    "id,kind,body\n7,a,\"One, two and three words\nover lines\"\n8,b,Four more words are here\n,a,\n";

#[test]
fn a_column_has_the_texts() {
    let folder = Folder::new();
    let path = folder.file("x.csv", TABLE.as_bytes());
    let want = [
        ("x.csv:1", "One, two and three words\nover lines"),
        ("x.csv:2", "Four more words are here"),
        ("x.csv:3", ""),
    ];
    let (all, notes) = read(path.clone()).unwrap();
    assert_eq!(pairs(&all), want);
    assert_eq!(notes, ["x.csv: the texts are in the column 'body'"]);
    let (all, notes) = read_with(std::slice::from_ref(&path), &options(false, "kind", "id")).unwrap();
    assert_eq!(pairs(&all), [("7", "a"), ("8", "b"), ("x.csv:3", "a")]);
    assert!(notes.is_empty());
    assert!(
        error(path.clone(), &options(false, "text", ""))
            .contains("there is no column 'text'; there are 'id', 'kind', 'body'")
    );
    assert!(error(path, &options(false, "", "name")).contains("there is no column 'name'"));
    // Semicolons, and tabs, and gzip.
    let semicolons = folder.file("s.csv", b"id;body\n1;One, two, three\n");
    assert_eq!(pairs(&read(semicolons).unwrap().0), [("s.csv:1", "One, two, three")]);
    let tabs = folder.file("t.tsv.gz", &gzipped(b"id\tbody\n1\tOne \"two\" three\n"));
    assert_eq!(pairs(&read(tabs).unwrap().0), [("t.tsv.gz:1", "One \"two\" three")]);
    let one = folder.file("o.csv", b"body\nshort\n");
    assert_eq!(pairs(&read(one).unwrap().0), [("o.csv:1", "short")]);
}

#[test]
fn tables_that_are_not_clear_are_refused() {
    let folder = Folder::new();
    let plain = DocumentOptions::default();
    for (text, words) in [
        ("a,b\nOne two three,Four five six\n", "several columns look like texts: 'a', 'b'"),
        ("a,b\n1,2\n", "no column looks like texts; there are 'a', 'b'"),
        ("a,b\n1,One two, and three\n", "line 2: the row has 3 cells, and the first has 2"),
        ("a,b\n", "no row below"),
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("It was a dark and stormy night,5\nAnd so on and on it went,6\n", "looks like a text"),
        ("a,a\nx,One two three\n", "several"),
    ] {
        let path = folder.file("x.csv", text.as_bytes());
        let found = read(path.clone());
        if words == "several" {
            assert!(error(path, &options(false, "a", "")).contains("two columns have the name 'a'"));
            continue;
        }
        let found = found.unwrap_err().to_string();
        assert!(found.contains(words), "{text}: {found}");
    }
    let tabs =
        folder.file("q.tsv", b"id\tbody\n1\t\"One two three\n2\tFour five \"six\n3\tseven eight nine\n");
    let notes = read(tabs).map(|(_, notes)| notes.join("\n")).unwrap_or_else(|error| error.to_string());
    assert!(notes.contains("quotes put several lines into one text, first at line 2"), "{notes}");
    let open = folder.file("open.csv", format!("id,body\n1,\"{}", "word ".repeat(2000)).as_bytes());
    let small = DocumentOptions { memory_limit: 1000, ..plain };
    assert!(error(open, &small).contains("is a quote not closed?"));
}

#[test]
fn a_field_has_the_texts() {
    let folder = Folder::new();
    let lines = concat!(
        "{\"id\": 1, \"body\": \"One two three four\", \"n\": 2}\n\n",
        "{\"body\": \"Five six\\nseven\", \"id\": \"b\\u0000\"}\n",
        "{\"id\": null, \"body\": null}\n{\"id\": 4}\n"
    );
    let path = folder.file("x.jsonl", lines.as_bytes());
    let want = [
        ("x.jsonl:1", "One two three four"),
        ("x.jsonl:2", "Five six\nseven"),
        ("x.jsonl:3", ""),
        ("x.jsonl:4", ""),
    ];
    let (all, notes) = read(path.clone()).unwrap();
    assert_eq!(pairs(&all), want);
    assert_eq!(notes, ["x.jsonl: the texts are in the field 'body'"]);
    let (all, _) = read_with(std::slice::from_ref(&path), &options(false, "body", "id")).unwrap();
    assert_eq!(
        all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["1", "b\u{FFFD}", "x.jsonl:3", "4"]
    );
    assert!(error(path, &options(false, "n", "")).contains("line 1: 'n' is '2', and not a text"));
    for (text, words) in [
        ("[1, 2]\n", "line 1: this is not an object"),
        ("{\"a\": 1}\nnonsense\n", "line 2: this is not JSON (expected ident at character 2)"),
        ("{\"a\": \"x\", \"b\": 1}\n", "no column looks like texts; there are 'a', 'b'"),
        ("\n", "is empty"),
    ] {
        let path = folder.file("bad.ndjson", text.as_bytes());
        let found = error(path, &DocumentOptions::default());
        assert!(found.contains(words), "{text}: {found}");
    }
    // Within objects, by a path; a field of that very name comes first.
    let nested = concat!(
        "{\"meta\": {\"text\": \"inner one\", \"id\": 7}, \"a.b\": {\"c\": \"dotted\"}}\n",
        "{\"meta.text\": \"whole name\", \"meta\": {\"text\": \"inner two\"}}\n",
        "{\"meta\": \"none\"}\n"
    );
    let path = folder.file("nested.jsonl", nested.as_bytes());
    let (all, _) = read_with(std::slice::from_ref(&path), &options(false, "meta.text", "meta.id")).unwrap();
    assert_eq!(pairs(&all), [("7", "inner one"), ("nested.jsonl:2", "whole name"), ("nested.jsonl:3", "")]);
    let (all, _) = read_with(std::slice::from_ref(&path), &options(false, "a.b.c", "")).unwrap();
    assert_eq!(all[0].1, "dotted");
    for (column, id, option) in [("meta.body", "", "`column`"), ("meta.text", "meta.name", "`id`")] {
        let found = error(path.clone(), &options(false, column, id));
        assert!(
            found.contains("there are 'a.b.c', 'meta.id', 'meta.text'") && found.contains(option),
            "{found}"
        );
    }
    let deep = folder.file("deep.jsonl", "{\"a\":".repeat(100_000).as_bytes());
    assert!(error(deep, &DocumentOptions::default()).contains("not JSON"));
}

#[test]
fn what_is_no_text_is_refused_with_a_way_out() {
    let folder = Folder::new();
    for (name, bytes, words) in [
        ("x.npz", &b"PK\x03\x04"[..], "`partwise fit` takes it"),
        ("x.json", b"[]", ".jsonl"),
        ("x.pdf", b"%PDF-1", ".pdf files are not read"),
        ("x.xlsx", b"PK\x03\x04", ".xlsx files are not read"),
        ("x.csv", b"PK\x03\x04", "zip archive"),
        ("x.tsv", b"\xff\xfea\0b\0", "UTF-16"),
        ("x.jsonl", b"\0\x01\x02", "not text"),
        ("bare", b"%PDF-1.4 all in plain characters", "not text"),
    ] {
        let found = error(folder.file(name, bytes), &DocumentOptions::default());
        assert!(found.contains(words), "{name}: {found}");
    }
    let text = folder.file("x.txt", b"words");
    assert!(error(text, &options(false, "body", "")).contains("`column` is for tables"));
    assert!(matches!(read(folder.join("nothing.txt")), Err(Error::NotFound { .. })));
    let large = folder.file("large.txt", &[b'a'; 2000]);
    let small = DocumentOptions { memory_limit: 1000, ..DocumentOptions::default() };
    assert!(matches!(read_with(&[large], &small), Err(Error::Memory { .. })));
}

/// Else it takes all rows that follow for one text, and nobody hears of it.
#[test]
fn a_quote_that_is_never_closed_is_told() {
    let folder = Folder::new();
    let rows: String =
        (0..9).map(|i| format!("{i},\"words of number {i} \"\"so\"\"\nand more\"\n")).collect();
    folder.file("good.csv", format!("id,text\n{rows}9,5\" of rain\n").as_bytes());
    assert_eq!(read(folder.join("good.csv")).unwrap().0.len(), 10);
    folder
        .file("bad.csv", format!("id,text\n{rows}9,\"never closed\n10,more words\n11,and more\n").as_bytes());
    let error = read(folder.join("bad.csv")).unwrap_err().to_string();
    assert!(error.contains("never closed") && error.contains("line 20"), "{error}");
}
