//! Missing entries, masks, weights, held-out entries, penalties, constraints and what is known of the factors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::{Bench, check, known, root};
use serde_json::{Value, json};

/// The table of [`known`] with other numbers: `value(row, column)`.
fn like_known(rows: usize, value: impl Fn(usize, usize) -> f64) -> String {
    let mut text = "id,red,green,blue,cyan,grey\n".to_string();
    for i in 0..rows {
        let row: Vec<String> = (0..5).map(|j| value(i, j).to_string()).collect();
        text += &format!("s{i},{}\n", row.join(","));
    }
    text
}

/// [`known`] with cells left empty where `missing` says so.
fn with_holes(rows: usize, missing: impl Fn(usize, usize) -> bool) -> String {
    let whole = known(rows);
    let mut lines = whole.lines().map(str::to_string);
    let mut text = lines.next().unwrap() + "\n";
    for (i, line) in lines.enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |(at, cell): (usize, &&str)| {
            if at > 0 && missing(i, at - 1) { String::new() } else { cell.to_string() }
        };
        text += &(cells.iter().enumerate().map(cell).collect::<Vec<_>>().join(",") + "\n");
    }
    text
}

/// Ratings of a known model with `rows` rows, a user and an item a line, of which some are not there.
fn ratings(rows: usize) -> String {
    let mut text = String::new();
    for (i, line) in known(rows).lines().skip(1).enumerate() {
        for (j, cell) in line.split(',').skip(1).enumerate().filter(|(j, _)| (i + 2 * j) % 5 != 0) {
            text += &format!("user{i}\titem{j}\t{cell}\t{}\n", 1000 + i);
        }
    }
    text
}

fn hole(i: usize, j: usize) -> bool {
    (i * 3 + j * 2).is_multiple_of(7)
}

/// The numbers of a .csv with names.
fn numbers(text: &str) -> Vec<Vec<f64>> {
    text.lines()
        .skip(1)
        .map(|line| line.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect())
        .collect()
}

/// WH of a fit written as .csv.
fn product(bench: &Bench, folder: &str) -> Vec<Vec<f64>> {
    let w = numbers(&bench.read(&format!("{folder}/W.csv")));
    let h = numbers(&bench.read(&format!("{folder}/H.csv")));
    w.iter()
        .map(|w| (0..h[0].len()).map(|j| w.iter().zip(&h).map(|(w, h)| w * h[j]).sum()).collect())
        .collect()
}

fn furthest(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    assert_eq!((a.len(), a[0].len()), (b.len(), b[0].len()));
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn inspect_counts_what_counts() {
    let bench = Bench::new();
    bench.write("x.csv", with_holes(6, |i, j| i == 2 || (i, j) == (0, 0)));
    let said = bench.ok("inspect x.csv");
    assert!(said.out.contains("--missing nan lets these"), "{}", said.out);
    let said = bench.ok("inspect x.csv --missing nan");
    for words in [
        "24 of 30 entries count, 80.000 % (--missing nan)",
        "1 row, the first is row 2 (row 's2'); 0 columns",
    ] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    let document: Value = serde_json::from_str(&bench.ok("inspect x.csv --missing nan --json").out).unwrap();
    assert_eq!(document["facts"]["observed"], 24);
    assert_eq!(document["facts"]["unseen_rows"], json!({"count": 1, "first": 2}));
    assert_eq!(document["counting"]["missing"], "nan");
    // The hash is that of the data, whatever counts.
    let plain: Value = serde_json::from_str(&bench.ok("inspect x.csv --json").out).unwrap();
    assert_eq!(document["hash"], plain["hash"]);

    bench.write("u.data", ratings(10));
    let said = bench.ok("inspect u.data --triplets --missing absent");
    for words in ["10 x 5", "40 of 50 entries count", "named, from 'user0'", "txt of triplets"] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    let said = bench.ok("inspect u.data --triplets");
    assert!(!said.out.contains("count, "), "{}", said.out);
}

#[test]
fn stored_zeros_count_where_only_stored_entries_do() {
    let bench = Bench::new();
    let text = "%%MatrixMarket matrix coordinate integer general\n2 3 5\n1 1 4\n1 2 0\n2 1 2\n2 2 1\n2 3 5\n";
    bench.write("x.mtx", text);
    let document: Value =
        serde_json::from_str(&bench.ok("inspect x.mtx --missing absent --json").out).unwrap();
    assert_eq!((&document["facts"]["observed"], &document["zeros"]), (&json!(5), &json!(1)));
    assert!(document["notes"].to_string().contains("1 stored zero counts as data"));
    bench.write("twice.mtx", text.replace("1 2 0", "1 1 3"));
    let words = ["twice.mtx", "entry (0, 0)", "more than once", "their mean"];
    bench.fails("inspect twice.mtx --missing absent", 65, &words);
    bench.ok("inspect twice.mtx");
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    bench.write("ones.csv", like_known(6, |_, _| 1.0));
    bench.write("narrow.csv", "1,1\n0,1\n");
    bench.write("turned.csv", "1,1,1,1,1,1\n".repeat(5));
    bench.write("negative.csv", like_known(6, |i, j| if (i, j) == (3, 2) { -2.0 } else { 1.0 }));
    bench.write("half.csv", like_known(6, |i, j| if (i, j) == (4, 0) { 0.5 } else { 1.0 }));
    bench.write("row.csv", like_known(6, |i, _| if i == 2 { 0.0 } else { 1.0 }));
    bench.write("column.csv", like_known(6, |_, j| if j == 4 { 0.0 } else { 1.0 }));
    bench.write("zero.csv", like_known(6, |_, _| 0.0));
    bench.write("other.csv", like_known(6, |_, _| 1.0).replace("s3", "t3"));
    bench.write("order.csv", like_known(6, |_, _| 1.0).replace("green,blue", "blue,green"));
    bench.write("seven.csv", "1\n2\n3\n4\n5\n6\n7\n");
    bench.write("minus.csv", "1\n2\n3\n4\n-5\n6\n");
    bench.write("named.csv", "s0,1\ns1,1\ns2,1\ns3,1\ns5,1\ns4,1\n");
    let all = bench.names();
    for (arguments, words) in [
        ("--mask narrow.csv", vec!["narrow.csv: 2 x 2", "x.csv is 6 x 5"]),
        ("--weights narrow.csv", vec!["narrow.csv: 2 x 2", "x.csv is 6 x 5"]),
        ("--uncertainty turned.csv", vec!["turned.csv: 5 x 6", "x.csv is 6 x 5", "the other way round"]),
        (
            "--weights negative.csv",
            vec!["negative.csv", "-2", "row 3, column 2", "(row 's3', column 'blue')"],
        ),
        ("--uncertainty negative.csv", vec!["negative.csv", "row 3, column 2", "positive"]),
        ("--mask half.csv", vec!["half.csv: 0.5 at row 4, column 0 (row 's4', column 'red')", "--weights"]),
        ("--mask row.csv", vec!["1 row", "row 2 (row 's2')", "--unseen zeros"]),
        ("--mask column.csv", vec!["1 column", "column 4 (column 'grey')", "--unseen zeros"]),
        ("--mask column.csv --transpose", vec!["1 row", "row 4 (row 'grey'), after --transpose"]),
        ("--mask zero.csv --unseen zeros", vec!["x.csv: no entry counts (--mask)"]),
        ("--mask other.csv", vec!["other.csv: row 3 is 't3', but x.csv has 's3' there"]),
        ("--weights order.csv", vec!["order.csv: column 1 is 'blue', but x.csv has 'green' there"]),
        ("--row-weights seven.csv", vec!["seven.csv: 7 x 1", "x.csv is 6 x 5", "rows", "6 numbers"]),
        ("--col-weights seven.csv", vec!["seven.csv: 7 x 1", "columns", "5 numbers"]),
        ("--row-weights ones.csv", vec!["ones.csv: 6 x 5", "a column or a row"]),
        ("--row-weights minus.csv", vec!["minus.csv", "-5", "row 4", "(row 's4')"]),
        ("--row-weights named.csv", vec!["named.csv: row 4 is 's5', but x.csv has 's4' there"]),
    ] {
        bench.fails(&format!("fit x.csv --rank 2 --out o {arguments}"), 65, &words);
    }
    bench.fails("fit x.csv --rank 2 --out o --mask nowhere.csv", 66, &["nowhere.csv"]);
    for (arguments, words) in [
        ("--missing absent", vec!["--missing absent for a dense X", "--missing nan"]),
        ("--missing gone", vec!["none, nan, absent"]),
        ("--hold-out 0", vec!["between 0 and 1"]),
        ("--hold-out 1.5", vec!["between 0 and 1"]),
        ("--hold-out 0.1:x", vec!["0.1:7"]),
        ("--unseen drop", vec!["error, zeros"]),
        ("--negatives drop", vec!["refuse, clip, keep"]),
    ] {
        bench.fails(&format!("fit x.csv --rank 2 --out o {arguments}"), 2, &words);
    }
    bench.write("x.npz", std::fs::read(root().join("testdata/attacks/d37_several.npz")).unwrap());
    let words = ["x.npz", "triplets are lines of text", "leave --triplets out"];
    bench.fails("fit x.npz --rank 2 --out o --triplets", 65, &words);
    bench.fails("fit x.csv --rank 2 --out o --mask x.npz", 65, &["x.npz", "a file of its own"]);
    bench.write("few.data", "ann\titem1\t3\nann\titem2\nbob\titem1\t2\n");
    bench.fails("fit few.data --rank 2 --out o --triplets", 65, &["few.data', line 2: the row has 2 cells"]);
    assert_eq!(bench.names().len(), all.len() + 2, "nothing is left behind");
}

#[test]
fn what_cannot_be_asked_is_refused_with_the_way_out() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    bench.write("h.csv", "4,1,0,2,0\n0,1,3,0,5\n");
    bench.write("wide.csv", "1,2,3\n4,5,6\n");
    bench.write("turned.csv", "4,0\n1,1\n0,3\n2,0\n0,5\n");
    bench.write("graph.mtx", "%%MatrixMarket matrix coordinate real general\n5 5 2\n1 2 1\n2 3 1\n");
    bench.write("small.mtx", "%%MatrixMarket matrix coordinate real symmetric\n3 3 1\n2 1 1\n");
    bench.write("named.csv", "id,red,green,pink,cyan,grey\nsun,4,1,0,2,0\nmoon,0,1,3,0,5\n");
    bench.write("w.csv", "id,mars,moon\ns0,1,2\ns1,1,2\ns2,1,2\ns3,1,2\ns4,1,2\ns5,1,2\n");
    bench.write("h2.csv", "id,red,green,blue,cyan,grey\nsun,4,1,0,2,0\nmoon,0,1,3,0,5\n");
    for (arguments, words) in [
        ("--penalty smoth:h:0.1", vec!["l1, l2, group", "smooth2", "ard-l1"]),
        ("--penalty smooth:x:0.1", vec!["w, h, wh"]),
        ("--penalty smooth:h", vec!["NAME:SIDE:VALUE"]),
        ("--penalty graph:h:0.1", vec!["graph:h:0.1:FILE"]),
        ("--penalty l1:h:0.1:h.csv", vec!["takes no file"]),
        ("--simplex q", vec!["w<=1"]),
        ("--simplex h --simplex h<=1", vec!["exclude each other"]),
        ("--free x", vec!["none, w, h"]),
        ("--fix-h h.csv --fix-components h.csv", vec!["cannot be used with"]),
        (
            "--free w --loss kl",
            vec!["--free with loss kl and rule scd", "use loss frobenius", "partwise explain"],
        ),
        ("--penalty ard:w:0.1", vec!["ard:wh:VALUE"]),
        ("--max-w 0.1 --min-w 0.2", vec!["max_w = 0.1", "above the smallest"]),
        ("--sparseness-h 1", vec!["sparseness_h = 1"]),
        ("--smoothing 1", vec!["smoothing = 1"]),
        ("--simplex w --max-w 3", vec!["simplex", "leave one of them out"]),
        ("--penalty graph:h:1:graph.mtx --penalty graph:h:2:graph.mtx", vec!["two files"]),
    ] {
        bench.fails(&format!("fit x.csv --rank 2 --out o {arguments}"), 2, &words);
    }
    for (arguments, words) in [
        ("--fix-h wide.csv", vec!["wide.csv: 2 x 3", "H needs 2 x 5"]),
        ("--fix-h turned.csv", vec!["turned.csv: 5 x 2", "H needs 2 x 5", "the other way round"]),
        ("--fix-w h.csv", vec!["h.csv: 2 x 5", "W needs 6 x 2"]),
        ("--fix-components h.csv", vec!["H needs 1 row of 5", "--fix-h"]),
        ("--fix-h named.csv", vec!["named.csv: column 2 is 'pink', but x.csv has 'blue' there"]),
        ("--fix-h h2.csv --fix-w w.csv", vec!["component 0 is", "'sun'", "'mars'"]),
        ("--penalty pull:h:0.1:wide.csv", vec!["wide.csv: 2 x 3", "H needs 1 to 2 rows of 5"]),
        ("--penalty graph:h:0.1:small.mtx", vec!["small.mtx: 3 x 3", "5 x 5"]),
        (
            "--penalty graph:h:0.1:graph.mtx",
            vec!["graph.mtx", "row 0, column 1", "row 1, column 0 differ", "symmetric"],
        ),
    ] {
        bench.fails(&format!("fit x.csv --rank 2 --out o {arguments}"), 65, &words);
    }
    bench.write("ones.csv", like_known(6, |_, _| 1.0));
    bench.fails(
        "fit x.csv --rank 2 --out o --weights ones.csv --rule admm",
        2,
        &["weights, or entries that do not count, with loss frobenius and rule admm", "use rule hals"],
    );
    bench.fails("fit x.csv --rank 3 --out o --fix-h h.csv", 65, &["H needs 3 x 5", "--fix-components"]);
    bench.fails("fit x.csv --rank 1 --out o --fix-components h.csv", 65, &["H needs a --rank above 1"]);
    assert!(!bench.exists("o"));
}

#[test]
fn results_replace_nothing_that_was_given() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    std::fs::create_dir(bench.path("o")).unwrap();
    bench.write("o/H.csv", "4,1,0,2,0\n0,1,3,0,5\n");
    bench.write("o/W.csv", like_known(6, |_, _| 1.0));
    for option in ["--fix-h o/H.csv", "--mask o/W.csv", "--penalty pull:h:1:o/H.csv", "--uncertainty o/W.csv"]
    {
        bench.fails(&format!("fit x.csv --rank 2 --out o --force {option}"), 2, &["would replace the input"]);
    }
    assert_eq!(bench.read("o/W.csv"), like_known(6, |_, _| 1.0));
    bench.ok("fit x.csv --rank 2 --out m -q");
    bench.ok("convert o/W.csv ones.npy -q");
    let before = std::fs::read(bench.path("ones.npy")).unwrap();
    bench.fails("transform m x.csv --mask ones.npy --out ones.npy --force", 2, &["would replace the input"]);
    assert_eq!(std::fs::read(bench.path("ones.npy")).unwrap(), before);
}

#[test]
fn explain_says_what_goes_together() {
    let bench = Bench::new();
    let said = bench.ok("explain");
    assert!(
        said.out.contains("frobenius") && said.out.contains("hals") && said.err.is_empty(),
        "{}",
        said.out
    );
    for words in ["penalty graph", "--simplex", "   1. ", "use rule hals", "exclude each other"] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    assert!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
    bench.fails(
        "explain --loss kl --rule hals",
        2,
        &["rule hals with loss kl", "use rule scd, ccd, newton or mu"],
    );
    let said = bench.ok("explain --loss beta:0.3 --rule mu");
    assert!(said.out.contains("beta:0.3") && !said.out.contains("beta:1.5"), "{}", said.out);
    let document: Value = serde_json::from_str(&bench.ok("explain --json --loss kl --rule scd").out).unwrap();
    assert_eq!(document["pairs"].as_array().unwrap().len(), 1);
    assert_eq!(document["pairs"][0]["rule"], "scd");
    assert_eq!(document["pairs"][0]["features"]["simplex"]["possible"], false);
    let page = std::fs::read_to_string(root().join("docs/support.md")).unwrap();
    assert_eq!(
        bench.ok("explain --markdown").out,
        page,
        "`partwise explain --markdown` prints docs/support.md"
    );
    bench.fails("explain --loss kl --rule fast", 2, &["hals"]);
}

/// A model with holes is found again, whichever way the holes are told.
#[test]
fn holes_are_filled_by_the_model() {
    let bench = Bench::new();
    let truth = numbers(&known(30));
    bench.write("holes.csv", with_holes(30, hole));
    // What is masked is never looked at.
    bench.write("wrong.csv", like_known(30, |i, j| if hole(i, j) { 1e6 } else { truth[i][j] }));
    let observed = |i: usize, j: usize| if hole(i, j) { 0.0 } else { 1.0 };
    bench.write("mask.csv", like_known(30, observed));
    bench.ok("convert mask.csv mask.mtx -q");
    bench.write("sigma.csv", like_known(30, |i, j| if hole(i, j) { f64::INFINITY } else { 0.5 }));
    for options in [
        "holes.csv --missing nan",
        "wrong.csv --mask mask.csv",
        "wrong.csv --mask mask.mtx",
        "wrong.csv --weights mask.csv",
        "wrong.csv --uncertainty sigma.csv",
    ] {
        bench.ok(&format!("fit {options} --rank 2 --tol 1e-7 --out o --force --format csv -q"));
        let off = furthest(&product(&bench, "o"), &truth);
        assert!(off < 0.05, "{options}: {off}");
        assert_eq!(bench.json("o/run.json")["data"]["observed"], 128, "{options}");
    }
    // The files lie on the data as they do on disk, transposed or not.
    bench.ok("convert wrong.csv turned.csv --transpose -q");
    bench.ok("convert mask.csv mask_turned.csv --transpose -q");
    bench.ok("fit turned.csv --mask mask_turned.csv --transpose --rank 2 --tol 1e-7 --out o --force --format csv -q");
    assert!(furthest(&product(&bench, "o"), &truth) < 0.05);
    assert_eq!(bench.read("wrong.csv"), like_known(30, |i, j| if hole(i, j) { 1e6 } else { truth[i][j] }));
}

#[test]

fn rows_and_columns_have_weights() {
    let bench = Bench::new();
    let truth = numbers(&known(30));
    // Noise in a few rows and a column that do not count.
    bench.write(
        "x.csv",
        like_known(30, |i, j| if i >= 27 || j == 2 { ((i * j) % 7) as f64 } else { truth[i][j] }),
    );
    let rows: Vec<String> = (0..30).map(|i| if i >= 27 { "0" } else { "2" }.to_string()).collect();
    bench.write("rows.csv", rows.join("\n") + "\n");
    bench.write("cols.tsv", "red\tgreen\tblue\tcyan\tgrey\n3\t1\t0\t1\t1\n");
    bench.ok("fit x.csv --row-weights rows.csv --col-weights cols.tsv --unseen zeros --rank 2 --out o -q --format csv --tol 1e-7");
    let found = product(&bench, "o");
    for i in 0..27 {
        for j in [0, 1, 3, 4] {
            assert!((found[i][j] - truth[i][j]).abs() < 0.05, "({i}, {j}): {} {}", found[i][j], truth[i][j]);
        }
        assert_eq!(found[i][2], 0.0);
    }
    assert_eq!(found[28], [0.0; 5]);
    let data = &bench.json("o/run.json")["data"];
    assert_eq!((&data["row_weights"], &data["col_weights"]), (&json!("rows.csv"), &json!("cols.tsv")));
}

#[test]

fn ratings_are_fitted_from_triplets() {
    let bench = Bench::new();
    bench.write("u.data", ratings(40));
    bench.ok("fit u.data --triplets --missing absent --rank 2 --out o --format csv -q --tol 1e-7");
    let h = bench.read("o/H.csv");
    assert!(h.starts_with(",item1,item2,item3,item4,item0\n"), "{h}");
    let run = bench.json("o/run.json");
    assert_eq!((&run["data"]["missing"], &run["data"]["observed"]), (&json!("absent"), &json!(160)));
    // New rows find their columns by name, and what they do not rate is missing for them too.
    bench.write("new.data", "ann\titem4\t5\t1\nann\titem2\t3\t1\nbob\titem0\t4\t1\n");
    let said = bench.ok("transform o new.data --triplets --out -");
    assert!(said.out.starts_with("\tcomponent_1\tcomponent_2\nann\t"), "{}", said.out);
    assert!(said.err.contains("3 of 10 entries count, 30.000 % (--missing absent)"), "{}", said.err);
    bench.write("odd.data", "ann\titem9\t5\t1\n");
    bench.fails(
        "transform o odd.data --triplets --out w.npy",
        65,
        &["line 1", "'item9' is not among the 5 columns"],
    );
    bench.ok(
        "fit u.data --triplets --missing absent --rank 2 --out t --format csv -q --transpose --precision f32",
    );
    let said = bench.ok("transform t u.data --triplets --out -");
    assert!(said.out.starts_with("\tcomponent_1\tcomponent_2\nitem1\t"), "{}", said.out);
    bench.fails("transform t odd.data --triplets --out w.npy", 65, &["'ann' is not among the 40 rows"]);
    bench.write("twice.data", "ann\titem4\t5\t1\nbob\titem4\t5\t1\nann\titem4\t1\t1\n");
    bench.fails("transform o twice.data --triplets --out w.npy", 65, &["line 3", "'ann'", "line 1"]);
}

#[test]

fn held_out_entries_are_predicted() {
    let bench = Bench::new();
    // Of rank 2, with enough columns that every row is known from those that are left.
    let value =
        |i: usize, j: usize| (i % 5 + 1) as f64 * (j % 3 + 1) as f64 + (i % 7) as f64 * (12 - j) as f64;
    let table: Vec<String> =
        (0..60).map(|i| (0..12).map(|j| value(i, j).to_string()).collect::<Vec<_>>().join(",")).collect();
    bench.write("x.csv", table.join("\n") + "\n");
    let said = bench.ok("fit x.csv --hold-out 0.2:3 --rank 2 --out o --tol 1e-7");
    assert!(
        said.err.contains("held out: ") && said.err.contains("on those that were fitted"),
        "{}",
        said.err
    );
    let run = bench.json("o/run.json");
    let entries = run["held_out"]["entries"].as_u64().unwrap();
    assert!((100..190).contains(&entries), "{entries}");
    assert_eq!(run["data"]["observed"].as_u64().unwrap() + entries, 720);
    assert!(run["held_out"]["rmse"].as_f64().unwrap() < 0.05, "{}", run["held_out"]);
    assert_eq!(run["data"]["hold_out"], json!({"share": 0.2, "seed": 3}));
    // The same entries of the file, whichever way it is turned.
    bench.ok("convert x.csv turned.csv --transpose -q");
    bench.ok("fit x.csv --hold-out 0.2:3 --rank 2 --out p -q --transpose --tol 1e-7");
    assert_eq!(bench.json("p/run.json")["held_out"]["entries"], entries);
    bench.ok("fit x.csv --hold-out 0.2:4 --rank 2 --out q -q --tol 1e-7");
    assert_ne!(bench.json("q/run.json")["held_out"]["entries"], entries, "another seed, other entries");
    // What has not been seen cannot be predicted by a model with a component for every row.
    let noise: Vec<String> = (0..12)
        .map(|i| {
            (0..9)
                .map(|j| (i * i * 7 + j * j * 5 + i * j * 3) % 11)
                .map(|x| x.to_string())
                .collect::<Vec<_>>()
                .join(",")
        })
        .collect();
    bench.write("noise.csv", noise.join("\n") + "\n");
    let said = bench.ok("fit noise.csv --hold-out 0.3 --rank 9 --init random --out n --max-iter 300");
    assert!(said.err.contains("--penalty l2:wh:0.01"), "{}", said.err);
    bench.ok("fit x.csv --rank 2 --out r -q");
    assert_eq!(bench.json("r/run.json")["held_out"], Value::Null);
}

#[test]

fn known_components_stay_and_keep_their_names() {
    let bench = Bench::new();
    bench.write("x.csv", known(30));
    let sun = "id,red,green,blue,cyan,grey\nsun,4,1,0,2,0\n";
    bench.write("sun.csv", sun);
    for (format, penalty) in [("csv", ""), ("npy", "--loss kl")] {
        let options = format!("--fix-components sun.csv --rank 2 --format {format} {penalty}");
        let said = bench.ok(&format!("fit x.csv {options} --out o --force"));
        assert!(said.err.contains("      sun ") && said.err.contains("component_2 "), "{}", said.err);
        if format == "csv" {
            let h = bench.read("o/H.csv");
            assert!(h.contains("\nsun,4,1,0,2,0\n") && h.contains("\ncomponent_2,"), "{h}");
            assert!(bench.read("o/W.csv").starts_with(",sun,component_2\n"));
        }
        let said = bench.ok("transform o x.csv --out -");
        assert!(said.out.starts_with("\tsun\tcomponent_2\ns0\t"), "{}", said.out);
    }
    assert_eq!(bench.json("o/run.json")["data"]["given"], json!({"fixed_h": "sun.csv"}));
    assert_eq!(bench.json("o/names.json")["components"], json!(["sun"]));
    bench.write("both.csv", format!("{sun}moon,0,1,3,0,5\n"));
    bench.ok("fit x.csv --fix-h both.csv --rank 2 --format csv --out p -q");
    assert_eq!(bench.read("p/H.csv"), ",red,green,blue,cyan,grey\nsun,4,1,0,2,0\nmoon,0,1,3,0,5\n");
    bench.ok("fit x.csv --fix-w p/W.csv --rank 2 --format csv --out q -q --tol 1e-7");
    assert_eq!(bench.read("q/W.csv"), bench.read("p/W.csv"));
    assert_eq!(bench.read("sun.csv"), sun, "inputs are never changed");
}

#[test]

fn penalties_and_constraints_reach_the_fit_and_its_record() {
    let bench = Bench::new();
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("docs/run.schema.json")).unwrap()).unwrap();
    bench.write("x.csv", known(20));
    bench.write("graph.mtx", "%%MatrixMarket matrix coordinate real symmetric\n5 5 2\n2 1 1\n5 4 1\n");
    bench.write("target.csv", "4,1,0,2,0\n");
    bench.write("mask.csv", like_known(20, |i, j| if hole(i, j) { 0.0 } else { 1.0 }));
    for options in [
        "--penalty l1:w:0.01 --penalty smooth:h:=0.1",
        "--penalty graph:h:0.1:graph.mtx --penalty pull:h:0.1:target.csv",
        "--penalty group:h:0.01 --penalty l2:w:0.01",
        "--penalty orthogonal:h:0.01",
        "--penalty logdet:h:0.001",
        "--penalty det:w:0.001",
        "--penalty smooth2:w:0.1 --loss kl",
        "--penalty ard:wh:0.1 --rank 4",
        "--penalty ard-l1:wh:0.1",
        "--simplex w",
        "--simplex h<=1",
        "--min-w 0.1 --max-w 3 --min-h 0.01 --max-h 100",
        "--free w",
        "--sparseness-h 0.4",
        "--smoothing 0.3",
        "--negatives keep",
        "--mask mask.csv --hold-out 0.1 --penalty l2:wh:0.01",
    ] {
        let rank = if options.contains("--rank") { "" } else { "--rank 2" };
        let said = bench.ok(&format!("fit x.csv {rank} --out o --force --json --max-iter 50 {options}"));
        let run: Value = serde_json::from_str(&said.out).unwrap();
        check(&schema, &run, "run");
        for (at, penalty) in options.split("--penalty ").skip(1).enumerate() {
            let asked = penalty.split_whitespace().next().unwrap();
            let recorded = run["options"]["penalties"][at].as_str().unwrap();
            assert!(asked.starts_with(recorded), "{asked} became {recorded}");
        }
    }
    bench.ok("fit x.csv --rank 2 --simplex w --out o --force -q --format csv");
    for row in numbers(&bench.read("o/W.csv")) {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{row:?}");
    }
    bench.ok("fit x.csv --rank 2 --max-h 2 --min-h 0.5 --out o --force -q --format csv");
    assert!(numbers(&bench.read("o/H.csv")).iter().flatten().all(|h| (0.5..=2.0).contains(h)));
}

#[test]

fn negative_entries_are_what_is_said_of_them() {
    let bench = Bench::new();
    let truth = numbers(&known(30));
    let noisy = |i: usize, j: usize| truth[i][j] + if (i + j).is_multiple_of(2) { 0.05 } else { -0.05 };
    bench.write("x.csv", like_known(30, noisy));
    bench.fails(
        "fit x.csv --rank 2 --out o",
        65,
        &[
            "negative entry",
            "--negatives keep",
            "--negatives clip",
            "--free w",
            "missing entries, leave them out with --mask",
        ],
    );
    for options in ["--negatives clip", "--negatives keep", "--free w"] {
        bench.ok(&format!("fit x.csv --rank 2 --out o --force -q --format csv {options}"));
        assert!(furthest(&product(&bench, "o"), &truth) < 0.5, "{options}");
        // New rows are taken as those of the fit were.
        bench.ok("transform o x.csv --out w.csv --force -q");
        let (w, again) = (numbers(&bench.read("o/W.csv")), numbers(&bench.read("w.csv")));
        assert!(furthest(&w, &again) < 0.01, "{options}");
    }
    // New rows may have both signs where those of the fit might.
    bench.ok("fit x.csv --rank 2 --out o --force -q --format csv --free h");
    bench.ok("transform o x.csv --out w.csv --force -q");
}

#[test]

fn transform_lets_the_same_entries_count_as_the_fit() {
    let bench = Bench::new();
    bench.write("x.csv", with_holes(30, hole));
    for loss in ["frobenius", "kl"] {
        bench.ok(&format!(
            "fit x.csv --missing nan --loss {loss} --rank 2 --out o --force -q --format csv --tol 1e-8"
        ));
        let said = bench.ok("transform o x.csv --out w.csv --force");
        assert!(said.err.contains("(--missing nan)"), "{}", said.err);
        let (w, again) = (numbers(&bench.read("o/W.csv")), numbers(&bench.read("w.csv")));
        assert!(furthest(&w, &again) < 0.01, "{loss}");
    }
    bench.fails("transform o x.csv --missing none --out v.csv", 65, &["NaN at row", "--missing nan"]);
    // Weights of the new rows.
    bench.write("whole.csv", known(30));
    bench.write("mask.csv", like_known(30, |i, j| if i == 4 || hole(i, j) { 0.0 } else { 1.0 }));
    let said = bench.ok("transform o whole.csv --mask mask.csv --out v.csv");
    assert!(
        said.err.contains("1 row has no entry that counts, and gets zeros, the first is row 4 (row 's4')"),
        "{}",
        said.err
    );
    let (w, masked) = (numbers(&bench.read("o/W.csv")), numbers(&bench.read("v.csv")));
    assert_eq!(masked[4], [0.0, 0.0]);
    assert!((masked[5][0] - w[5][0]).abs() < 0.01);
    bench.ok("transform o whole.csv --weights mask.csv --out v.csv --force -q");
    assert_eq!(numbers(&bench.read("v.csv")), masked);
}
