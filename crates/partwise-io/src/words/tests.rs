//! Words by hand.

use super::tokens::words;
use super::*;
use crate::testing::Folder;
use crate::{Error, Precision};
use proptest::prelude::*;

fn cut(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    words(text, |word| out.push(word.to_string()));
    out
}

fn runs(text: &str, ngrams: &str, stop: &[&str]) -> Vec<String> {
    let splitter = Splitter::new(ngrams.parse().unwrap(), stop.iter().map(|s| s.to_string()));
    let mut out = Vec::new();
    splitter.runs(text, |run| out.push(run.to_string()));
    out
}

#[test]
fn words_are_cut_out() {
    for (text, want) in [
        ("The quick (\"brown\") fox can't jump 32.3 feet, right?", "the quick brown fox can jump feet right"),
        ("L'homme d’État, end.Next one: e.g. U.S.A.", "homme état end next one"),
        ("well-known COVID19 x 3d 2020 a1 _ __ snake_case", "well known covid19 3d a1 snake_case"),
        // A letter and its accent, a ligature, a soft hyphen, a mark of direction.
        ("cafe\u{301} ﬁne Wör\u{AD}ter ab\u{202E}cd e\u{AD}\u{301}té", "café fine wörter abcd été"),
        ("ΛΟΓΟΣ Straße İstanbul", "λογος straße i̇stanbul"),
        ("Привет, мир! 你好 世界", "привет мир 你 好 世 界"),
        ("\u{0} \u{FFFD} ... 12 :-) 😀", ""),
        // Marks without a letter before them.
        ("one \u{A47} two \u{A47}\u{A47} a \u{301}b", "one two \u{A47}\u{A47}"),
        ("", ""),
    ] {
        assert_eq!(cut(text).join(" "), want, "{text}");
    }
}

#[test]
fn runs_go_over_stop_words() {
    assert_eq!(runs("the Bank of England", "1..2", &["the", "of"]), ["bank", "england", "bank england"]);
    assert_eq!(runs("one two three", "2", &[]), ["one two", "two three"]);
    assert_eq!(runs("one", "2..3", &[]), Vec::<String>::new());
}

proptest! {
    /// Whatever the text, what is cut out is cut out of itself again, and a word is nothing but a word.
    #[test]
    fn words_stay_words(text in "\\PC{0,40}") {
        for word in cut(&text) {
            prop_assert!(!word.contains(char::is_whitespace) && !word.contains(char::is_control), "{word:?}");
            prop_assert!(!word.contains(['\t', '"', ',', '\'']), "{word:?}");
            prop_assert!(word.chars().any(char::is_alphabetic));
        }
    }
}

#[test]
fn every_language_has_its_list() {
    for (name, code) in LANGUAGES {
        let list = StopWords::of_language(code).unwrap();
        assert_eq!(list, StopWords::of_language(&name.to_uppercase()).unwrap());
        assert!(list.words.len() > 40 && list.words.is_sorted(), "{name}: {}", list.words.len());
    }
    let english = StopWords::of_language("english").unwrap().words;
    for word in ["the", "and", "don", "because"] {
        assert!(english.iter().any(|known| known == word), "{word}");
    }
    for word in ["computer", "system", "state"] {
        assert!(!english.iter().any(|known| known == word), "{word}");
    }
    assert_eq!(StopWords::of_language("klingon"), None);
}

#[test]
fn a_file_has_stop_words() {
    let folder = Folder::new();
    let path = folder.file("mine.txt", "The\nof  And\r\n\ndon't\n".as_bytes());
    let list = StopWords::of_file(&path).unwrap();
    assert_eq!((list.name.as_str(), list.words.join(" ").as_str()), ("mine.txt", "and don of the"));
    for (name, bytes, problem) in
        [("a", &b""[..], "no word"), ("b", b"12 34\n", "no word"), ("c", b"\xff\xfe\0", "UTF-8")]
    {
        let error = StopWords::of_file(&folder.file(name, bytes)).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    assert!(matches!(StopWords::of_file(&folder.join("none")), Err(Error::NotFound { .. })));
    assert!(StopWords::of_file(&folder.join("")).unwrap_err().to_string().contains("not a file"));
}

fn corpus(texts: &[&str], ngrams: &str) -> Corpus {
    let mut corpus = Corpus::new(ngrams.parse().unwrap(), StopWords::none(), u64::MAX);
    texts.iter().for_each(|text| corpus.add(text).unwrap());
    corpus
}

/// All words.
fn all() -> Pruning {
    Pruning { min_docs: Some(1), max_docs: 1.0, ..Pruning::default() }
}

fn dense(rows: Rows, words: usize) -> Vec<Vec<f64>> {
    crate::testing::dense(&rows.matrix(words, Precision::Auto).unwrap())
}

const FRUIT: [&str; 4] = ["apple pear apple", "pear plum", "", "Plum, plum: APPLE!"];

/// The weights of four documents, worked out with pencil and paper: n = 4, and each word is in 2 of them, so that
/// idf = ln(5/3) + 1 = 1.5108256237659907 for all; rows at length 1 are then those of the counts.
#[test]
fn weights_are_those_of_the_formula() {
    let (model, rows, left_out) = corpus(&FRUIT, "1").finish(all(), Weighting::Tfidf).unwrap();
    assert_eq!(model.vocabulary, ["apple", "pear", "plum"]);
    assert_eq!((model.documents, model.document_counts.as_slice()), (4, &[2, 2, 2][..]));
    assert_eq!(left_out, LeftOut::default());
    let idf = model.idf.clone().unwrap();
    assert!(idf.iter().all(|x| (x - 1.510_825_623_765_990_7).abs() < 1e-15), "{idf:?}");
    let half = 0.5f64.sqrt();
    let (long, short) = (2.0 / 5f64.sqrt(), 1.0 / 5f64.sqrt());
    let want = [[long, short, 0.0], [0.0, half, half], [0.0; 3], [short, 0.0, long]];
    assert_eq!(rows.without_words(), 1);
    for (row, want) in dense(rows, 3).iter().zip(want) {
        assert!(row.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-15), "{row:?}");
    }
    // Words in 3, 2 and 1 of three documents: ln(4/4) + 1 = 1, ln(4/3) + 1 and ln(4/2) + 1.
    let (model, rows, _) = corpus(&["a1 b1 c1", "a1 b1", "a1"], "1").finish(all(), Weighting::Tfidf).unwrap();
    let idf = [1.0, 1.287_682_072_451_780_8, 1.693_147_180_559_945_4];
    assert!(model.idf.unwrap().iter().zip(idf).all(|(a, b)| (a - b).abs() < 1e-15));
    let length = (1.0f64 + 1.287_682_072_451_780_8f64.powi(2) + 1.693_147_180_559_945_4f64.powi(2)).sqrt();
    let row = &dense(rows, 3)[0];
    assert!(row.iter().zip(idf).all(|(a, b)| (a - b / length).abs() < 1e-15), "{row:?}");
}

#[test]
fn counts_are_counts() {
    let (model, rows, _) = corpus(&FRUIT, "1..2").finish(all(), Weighting::Counts).unwrap();
    assert_eq!(
        model.vocabulary,
        ["apple", "apple pear", "pear", "pear apple", "pear plum", "plum", "plum apple", "plum plum"]
    );
    assert_eq!(model.idf, None);
    assert_eq!(
        dense(rows, 8),
        [
            [2.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0],
            [0.0; 8],
            [1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 1.0, 1.0]
        ]
    );
}

#[test]
fn rare_and_frequent_words_are_left_out() {
    let texts = ["aa bb cc dd", "aa bb cc", "aa bb ee", "aa ff"];
    let pruning = |min_docs, max_docs, max_words| Pruning { min_docs, max_docs, max_words };
    let of = |pruning| {
        let (model, _, left_out) = corpus(&texts, "1").finish(pruning, Weighting::Counts).unwrap();
        (model.vocabulary.join(" "), left_out)
    };
    assert_eq!(of(pruning(Some(2), 0.75, 9)), ("bb cc".into(), LeftOut { rare: 3, frequent: 1, beyond: 0 }));
    // Those in most documents stay, and of equals the first of the alphabet.
    assert_eq!(of(pruning(Some(1), 1.0, 4)).0, "aa bb cc dd");
    assert_eq!(of(pruning(None, 1.0, 1)), ("aa".into(), LeftOut { rare: 0, frequent: 0, beyond: 5 }));
    let least = |n| Pruning::default().least(n);
    assert_eq!([2, 9, 10, 999, 1000].map(least), [1, 1, 2, 2, 5]);
    for (texts, pruning, words) in [
        (&texts[..], pruning(Some(5), 1.0, 9), "of 6 different ones 6 are in too few documents"),
        (&["", "12"], all(), "they have no words"),
    ] {
        let error = corpus(texts, "1").finish(pruning, Weighting::Tfidf).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let mut all_stop = Corpus::new(Ngrams::default(), StopWords::of_language("en").unwrap(), u64::MAX);
    all_stop.add("the and of").unwrap();
    let error = all_stop.finish(all(), Weighting::Tfidf).unwrap_err().to_string();
    assert!(error.contains("all of their 3 words are stop words"), "{error}");
}

#[test]
fn a_model_makes_the_same_rows_again_and_knows_what_it_does_not_know() {
    for weights in [Weighting::Tfidf, Weighting::Counts] {
        let (model, rows, _) = corpus(&FRUIT, "1..2").finish(all(), weights).unwrap();
        let model = TextModel::from_json(&model.to_json().unwrap()).unwrap();
        let mut reading = Reading::new(&model, u64::MAX).unwrap();
        FRUIT.iter().for_each(|text| reading.add(text).unwrap());
        assert_eq!(reading.finish().0, rows);
        let mut reading = Reading::new(&model, u64::MAX).unwrap();
        reading.add("apple cherry").unwrap();
        let (rows, seen) = reading.finish();
        assert_eq!((seen.words, seen.unknown, rows.len()), (3, 2, 1));
        assert_eq!(dense(rows, 8)[0][0], 1.0);
    }
}

#[test]
fn a_model_that_no_fit_has_written_is_refused() {
    let (model, _, _) = corpus(&FRUIT, "1").finish(all(), Weighting::Tfidf).unwrap();
    let good = String::from_utf8(model.to_json().unwrap()).unwrap();
    assert!(TextModel::from_json(good.as_bytes()).is_ok());
    for (from, to, problem) in [
        ("\"schema_version\": 1", "\"schema_version\": 2", "schema_version is 2"),
        ("\"schema_version\": 1,", "", "schema_version is missing"),
        ("words-1", "words-9", "the rules 'words-9'"),
        ("\"apple\"", "\"zebra\"", "'zebra' before 'pear'"),
        ("\"apple\"", "\"pear\"", "before 'pear'"),
        ("\"apple\"", "\"\"", "which is no word"),
        ("\"apple\"", "\"a\\u0000\"", "which is no word"),
        ("\"apple\",", "", "document_counts"),
        ("\"tfidf\"", "\"counts\"", "its idf"),
        ("\"tfidf\"", "\"sums\"", "unknown variant"),
        ("1.5108256237659907", "-1", "its idf"),
        ("\"documents\": 4", "\"documents\": 1", "document_counts"),
        ("\"documents\": 4", "\"documents\": -4", "invalid value"),
        ("{", "[", "expected"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let error = TextModel::from_json(bad.as_bytes()).unwrap_err();
        assert!(error.contains(problem), "{from}: {error}");
    }
    let runs = good.replace("\"ngrams\": [\n    1,\n    1\n  ]", "\"ngrams\": [9, 99]");
    assert_ne!(runs, good);
    assert!(TextModel::from_json(runs.as_bytes()).unwrap_err().contains("1..2"));
    for bad in [&b""[..], b"null", b"{}", b"\xff\xfe", &[b'['; 100_000]] {
        assert!(TextModel::from_json(bad).is_err());
    }
}

#[test]
fn memory_has_a_limit() {
    let mut corpus = Corpus::new(Ngrams::default(), StopWords::none(), 10_000);
    let found = (0..1000).try_for_each(|i| corpus.add(&format!("word{i} next{i}")));
    assert!(matches!(found, Err(Error::Memory { limit: Some(10_000), .. })), "{found:?}");
}
