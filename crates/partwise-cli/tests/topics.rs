//! Topics of texts: from folders and tables to words, and back to new texts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::Bench;
use serde_json::{Value, json};
use std::io::Write;

/// Sentences about three things, told apart by their words.
const THINGS: [&[&str]; 3] = [
    &["apple", "pear", "orchard", "juice", "harvest", "branch"],
    &["engine", "piston", "gearbox", "valve", "wrench", "oil"],
    &["violin", "concert", "melody", "orchestra", "choir", "string"],
];

fn sentence(thing: usize, number: usize) -> String {
    let words = THINGS[thing];
    let word = |step: usize| words[(number * step + step) % words.len()];
    format!("The {} and the {} of a {}, with {} and more {}.", word(1), word(2), word(3), word(5), word(7))
}

/// A folder of 24 texts, eight about each thing.
fn library() -> Bench {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("texts/more")).unwrap();
    for i in 0..24 {
        let folder = if i < 12 { "texts" } else { "texts/more" };
        bench.write(&format!("{folder}/t{i:02}.txt"), sentence(i % 3, i / 3));
    }
    bench
}

/// The cells of a table, without its header.
fn cells(table: &str) -> Vec<Vec<String>> {
    table
        .lines()
        .skip(1)
        .map(|line| line.split('\t').map(|cell| cell.trim_matches('"').to_string()).collect())
        .collect()
}

/// Which thing the words of a topic are about; all of one.
fn about(words: &str) -> usize {
    let things: Vec<usize> = words
        .split(", ")
        .map(|word| {
            (0..3).find(|&t| THINGS[t].contains(&word)).unwrap_or_else(|| panic!("{word} in {words}"))
        })
        .collect();
    assert!(!things.is_empty() && things.iter().all(|thing| *thing == things[0]), "{words}");
    things[0]
}

#[test]
fn a_folder_of_texts_becomes_topics_and_new_texts_find_theirs() {
    for (weights, loss, format) in [("tfidf", "frobenius", "npy"), ("counts", "kl", "tsv")] {
        let bench = library();
        let said = bench.ok(&format!(
            "topics texts --rank 3 --weights {weights} --format {format} --out o --top-words 4 --top-docs 2 --report"
        ));
        assert!(said.out.starts_with("topic\tshare\twords\ntopic_1\t0."), "{}", said.out);
        assert_eq!(said.out, bench.read("o/topics.tsv"));
        let topics = cells(&said.out);
        let things: Vec<usize> = topics.iter().map(|row| about(&row[2])).collect();
        assert_eq!(
            {
                let mut all = things.clone();
                all.sort_unstable();
                all
            },
            [0, 1, 2]
        );
        for words in [
            "texts: 24 x 18, sparse",
            " stop words (english, a list of ",
            "--stop-words none keeps them",
            "vocabulary: 18 words, and none is left out",
            &format!("weights {weights}, and so the loss is {loss}"),
        ] {
            assert!(said.err.contains(words), "{words}: {}", said.err);
        }
        // Documents that stand for topics are about their things.
        let documents = cells(&bench.read("o/documents.tsv"));
        assert_eq!(documents.len(), 6);
        for (at, row) in documents.iter().enumerate() {
            let number: usize = row[2][row[2].len() - 6..row[2].len() - 4].parse().unwrap();
            assert_eq!(number % 3, things[at / 2], "{row:?}");
            assert!(row[5].starts_with("The ") && row[4].parse::<f64>().unwrap() > 0.5, "{row:?}");
        }
        let run = bench.json("o/run.json");
        assert_eq!(
            run["files"]["others"],
            json!(["text.json", "topics.tsv", "documents.tsv", "report.html"])
        );
        assert_eq!((&run["options"]["loss"], &run["data"]["format"]), (&json!(loss), &json!("texts")));
        let schema = std::fs::read_to_string(common::root().join("docs/run.schema.json")).unwrap();
        common::check(&serde_json::from_str(&schema).unwrap(), &run, "run");
        assert!(bench.read("o/report.html").contains("orchard"));

        // The same texts get the W of the fit, and new ones their topic.
        bench.ok("transform o texts --out same.tsv -q");
        let same = cells(&bench.read("same.tsv"));
        assert_eq!((same.len(), same[0][0].as_str()), (24, "more/t12.txt"));
        if format == "tsv" {
            let fitted = cells(&bench.read("o/W.tsv"));
            let number = |cell: &String| cell.parse::<f64>().unwrap();
            for (a, b) in fitted.iter().zip(&same) {
                assert_eq!(a[0], b[0]);
                assert!(
                    a[1..].iter().zip(&b[1..]).all(|(a, b)| (number(a) - number(b)).abs() < 1e-2),
                    "{a:?} {b:?}"
                );
            }
        }
        bench.write("new.txt", "A violin concert with choir and the helicopter\n\nUnknown helicopters\n");
        let said = bench.ok("transform o new.txt --lines --out -");
        let new = cells(&said.out);
        assert_eq!(
            new.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(),
            ["new.txt:1", "new.txt:2", "new.txt:3"]
        );
        assert!(said.out.starts_with("\ttopic_1\ttopic_2\ttopic_3\n"), "{}", said.out);
        let values: Vec<f64> = new[0][1..].iter().map(|cell| cell.parse().unwrap()).collect();
        let largest = (0..3).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap();
        assert_eq!(things[largest], 2, "{}", said.out);
        assert!(new[1][1..].iter().chain(&new[2][1..]).all(|cell| cell == "0"), "{}", said.out);
        for words in [
            "of 6 other words, 3 (50.0 %) are not",
            "2 documents have no word of the model: their rows are 0",
        ] {
            assert!(said.err.contains(words), "{words}: {}", said.err);
        }
    }
}

#[test]
fn the_matrix_is_for_scans_and_for_the_model_too() {
    let bench = library();
    let said = bench.ok("topics texts --matrix-out x.npz");
    assert!(
        said.err.contains("wrote x.npz: `partwise rank x.npz` says which rank") && said.out.is_empty(),
        "{}",
        said.err
    );
    assert_eq!(bench.names(), ["texts", "x.npz"]);
    bench.fails("topics texts --matrix-out x.npz", 73, &["--force"]);
    let said = bench.ok("topics texts -k 3 --matrix-out x.npz --force");
    assert!(said.err.contains("topics.tsv") && bench.exists("texts-topics3/text.json"), "{}", said.err);
    bench.ok("rank x.npz --ranks 2..4 --runs 2 --folds 0 --out s");
    // A matrix is still taken as it is.
    bench.ok("transform texts-topics3 x.npz --out a.csv -q");
    bench.ok("transform texts-topics3 texts --out b.csv -q");
    let numbers = |name: &str, from: usize| -> Vec<f64> {
        let text = bench.read(name);
        text.lines()
            .skip(1)
            .flat_map(|line| {
                line.split(',').skip(from).map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>()
            })
            .collect()
    };
    assert_eq!(numbers("a.csv", 0), numbers("b.csv", 1));
    let top = bench.ok("top texts-topics3 -n 1").out;
    assert!(top.contains("topic_1"), "{top}");
}

#[test]
fn tables_lines_and_standard_input_are_read() {
    let bench = Bench::new();
    let rows: String = (0..24).map(|i| format!("{i},\"{}\",ok\n", sentence(i % 3, i / 3))).collect();
    bench.write("x.csv", format!("nr,body,state\n{rows}"));
    let objects: String =
        (0..24).map(|i| json!({"nr": i, "body": sentence(i % 3, i / 3)}).to_string() + "\n").collect();
    bench.write("x.jsonl", objects);
    let lines: String = (0..24).map(|i| sentence(i % 3, i / 3) + "\n").collect();
    bench.write("x.txt", &lines);
    let mut hashes = Vec::new();
    for (input, note) in [
        ("x.csv --id nr", "x.csv: the texts are in the column 'body'"),
        ("x.jsonl --id nr", "x.jsonl: the texts are in the field 'body'"),
        ("x.txt --lines", "x.txt: 24 x 18"),
    ] {
        let said = bench.ok(&format!("topics {input} --rank 3 --out o --force"));
        assert!(said.err.contains(note), "{}", said.err);
        hashes.push(bench.json("o/run.json")["data"]["hash"].clone());
        let names = bench.json("o/names.json")["rows"][0].clone();
        assert_eq!(names, json!(if input.contains("lines") { "x.txt:1" } else { "0" }));
    }
    let mut child = bench
        .command("topics - --rank 3 --out p --json")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    hashes.push(run["data"]["hash"].clone());
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{hashes:?}");
    // A table is refused where it is not clear what is meant, before anything is written.
    bench.fails("topics x.csv --rank 3 --column text --out q", 65, &["no column 'text'", "--column"]);
    bench.fails("topics x.txt --rank 3 --column body --out q", 65, &["--column is for tables"]);
    bench.fails("topics x.txt --rank 3 --out q", 65, &["1 document;", "--lines"]);
    assert!(!bench.exists("q"));
}

#[test]
fn words_are_chosen_by_the_options() {
    let bench = library();
    let vocabulary = |options: &str| -> Vec<String> {
        bench.ok(&format!("topics texts --rank 2 --out o --force -q {options}"));
        serde_json::from_value(bench.json("o/text.json")["vocabulary"].clone()).unwrap()
    };
    let plain = vocabulary("");
    assert!(plain.len() == 18 && !plain.contains(&"the".to_string()));
    // Only what is in every text is left out then.
    let with = vocabulary("--stop-words none --max-docs 1");
    assert!(with.contains(&"the".to_string()) && with.contains(&"more".to_string()));
    assert_eq!(vocabulary("--max-words 5").len(), 5);
    assert!(vocabulary("--ngrams 1..2").iter().any(|run| run.contains(' ')));
    bench.write("mine.txt", "apple\nPEAR\n");
    let own = vocabulary("--stop-words mine.txt --min-docs 1 --max-docs 1");
    assert!(
        !own.contains(&"apple".to_string())
            && !own.contains(&"pear".to_string())
            && own.contains(&"the".to_string())
    );
    assert_eq!(bench.json("o/text.json")["stop_words"]["name"], "mine.txt");
    bench.fails("topics texts --rank 2 --stop-words klingon --out p", 2, &["no file of that name", "german"]);
    bench.fails("topics texts --rank 2 --min-docs 99 --out p", 65, &["no word is left", "--min-docs"]);
    bench.fails("topics texts --rank 2 --max-docs 0 --out p", 2, &["above 0"]);
    bench.fails("topics texts --rank 2 --ngrams 2..1 --out p", 2, &["1..2"]);
    bench.fails("topics texts --out p", 2, &["--rank is needed", "--matrix-out"]);
    bench.fails("topics texts texts --rank 2 --out p", 2, &["given twice"]);
    bench.fails("topics nowhere --rank 2 --out p", 66, &["'nowhere' does not exist"]);
    let said = bench.ok("topics texts --rank 2 --out p --dry-run");
    assert!(
        said.out.contains("X (24, 18)") && said.out.contains("text.json") && !bench.exists("p"),
        "{}",
        said.out
    );
    bench.fails("topics texts --rank 2 --out p --memory-limit 1kB", 71, &["--memory-limit"]);
}

#[test]
fn empty_documents_keep_their_rows() {
    let bench = library();
    bench.write("texts/t05.txt", "");
    bench.write("texts/t06.txt", "123 ... the and of\n");
    let said = bench.ok("topics texts --rank 3 --format csv --out o");
    assert!(
        said.err.contains("2 documents have no word of the vocabulary: their rows are 0"),
        "{}",
        said.err
    );
    let w = bench.read("o/W.csv");
    let row = w.lines().find(|line| line.contains("t05.txt")).unwrap();
    assert!(row.ends_with(",0,0,0"), "{row}");
    assert_eq!(w.lines().count(), 25);
    for name in ["t05", "t06"] {
        assert!(!bench.read("o/documents.tsv").contains(name));
    }
    let empty = Bench::new();
    std::fs::create_dir(empty.path("e")).unwrap();
    empty.fails("topics e --rank 2", 65, &["no file of text in the folder"]);
    for i in 0..3 {
        empty.write(&format!("e/{i}.txt"), "");
    }
    empty.fails("topics e --rank 2", 65, &["they have no words"]);
    assert_eq!(empty.names(), ["e"]);
}

#[test]
fn a_model_that_was_tampered_with_is_refused() {
    let bench = library();
    bench.ok("topics texts --rank 2 --out o -q");
    let good = bench.read("o/text.json");
    for (bad, words) in [
        ("{}".to_string(), "schema_version is missing"),
        (good.replace("\"apple\"", "\"aaple\""), "other words than H has columns"),
        (good.replacen("\"apple\",", "", 1), "document_counts"),
        (good[..good.len() / 2].to_string(), "EOF"),
        ("\u{0}\u{1}".to_string(), "expected value"),
    ] {
        bench.write("o/text.json", bad);
        bench.fails("transform o texts --out w.tsv", 65, &[words]);
    }
    std::fs::remove_file(bench.path("o/text.json")).unwrap();
    bench.fails("transform o texts --out w.tsv", 65, &["text.json"]);
    assert!(!bench.exists("w.tsv"));
    bench.write("o/text.json", good);
    bench.fails("transform o texts --out o/topics.tsv --force", 2, &["a file of the model"]);
    bench.fails("transform o texts --out w.tsv --mask m.npy", 2, &["--mask", "this model is one of texts"]);
    bench.fails("transform o texts --out w.tsv --triplets", 2, &["--triplets", "this model is one of texts"]);
    bench.write("x.csv", common::known(9));
    bench.ok("fit x.csv --rank 2 --out f -q");
    bench.fails("transform f x.csv --out w.tsv --lines", 2, &["--lines is for texts"]);
    // A fit of another kind leaves nothing of texts behind.
    bench.ok("fit x.csv --rank 2 --out o --force -q");
    assert!(
        !bench.exists("o/text.json") && !bench.exists("o/topics.tsv") && !bench.exists("o/documents.tsv")
    );
}

#[test]
fn names_and_texts_that_would_harm_are_harmless() {
    let bench = Bench::new();
    let rows: String = (0..12)
        .map(|i| json!({"id": format!("=cmd|'{i}'\t\u{0}\n\"x\""), "text": format!("=1+1 \u{202e}{}\u{0}\t\"\n", sentence(i % 3, i / 3))}).to_string() + "\n")
        .collect();
    bench.write("x.jsonl", rows);
    bench.ok("topics x.jsonl --column text --id id --rank 3 --format tsv --out o --report --min-docs 1");
    let documents = bench.read("o/documents.tsv");
    assert!(documents.contains("\"'=cmd|'"), "{documents}");
    assert!(!documents.contains('\u{202e}') && !documents.contains('\0'));
    bench.ok("transform o x.jsonl --column text --id id --out w.csv");
}

/// Results among the texts would be inputs of the next run.
#[test]
fn results_do_not_go_among_the_texts() {
    let bench = library();
    let words = ["the results would go among the texts", "another folder"];
    for paths in ["texts", "texts/t00.txt texts/t01.txt", "texts/more/.. texts/more/t13.txt"] {
        bench.fails(&format!("topics {paths} --rank 2 --force --out texts"), 2, &words);
    }
    assert!(!bench.exists("texts/run.json"));
    bench.ok("topics texts --rank 2 --out o -q");
}
