//! What the program says of weights, of entries that are not listed, of penalties; and the words that it understands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::{Bench, known};
use serde_json::json;

/// Lines of row, column, value: `step` says which entries of 30 x 12 are there.
fn triplets(step: usize, name: impl Fn(usize, usize) -> String) -> String {
    let all = (0..30).flat_map(|i| (0..12).map(move |j| (i, j)));
    let listed = all.filter(|(i, j)| (i + 3 * j) % step == 0);
    listed.map(|(i, j)| format!("{}\t{}\n", name(i, j), 1 + (i * j) % 5)).collect()
}

#[test]
fn transform_says_what_the_fit_had_and_new_rows_have_not() {
    let bench = Bench::new();
    bench.write("x.csv", known(20));
    bench.write("cols.csv", "red,green,blue,cyan,grey\n1,2,0.1,1,3\n");
    bench.ok("convert x.csv turned.csv --transpose -q");
    bench.ok("convert cols.csv rows.csv --transpose -q");
    let fit = "--rank 1 --format csv -q --tol 1e-8";
    bench.ok(&format!("fit x.csv --col-weights cols.csv --out o {fit}"));
    bench.ok(&format!("fit turned.csv --row-weights rows.csv --transpose --out t {fit}"));
    let said = bench.ok("transform o x.csv --out without.csv");
    let note = "the fit had --col-weights cols.csv; nothing of that kind is given for the new rows";
    assert!(said.err.contains(note), "{}", said.err);
    let said = bench.ok("transform t turned.csv --out -");
    assert!(said.err.contains("the fit had --row-weights rows.csv;"), "{}", said.err);
    let said = bench.ok("transform o x.csv --out with.csv --col-weights cols.csv");
    assert!(!said.err.contains("the fit had"), "{}", said.err);
    bench.ok("transform t turned.csv --out turned_w.csv --row-weights rows.csv -q");
    let numbers = |name: &str| -> Vec<f64> {
        bench
            .read(name)
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(1).unwrap().parse().unwrap())
            .collect()
    };
    let apart =
        |a: &str, b: &str| numbers(a).iter().zip(numbers(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(apart("o/W.csv", "with.csv") < 1e-3 && apart("t/W.csv", "turned_w.csv") < 1e-3);
    assert!(apart("o/W.csv", "without.csv") > 0.01);
    bench.fails(
        "transform o x.csv --out - --col-weights rows.csv --row-weights cols.csv",
        65,
        &["20 numbers"],
    );
}

#[test]
fn held_out_entries_count_again_in_transform() {
    let bench = Bench::new();
    bench.write("x.csv", known(20));
    bench.write("sigma.csv", known(20).replace(",0", ",1"));
    bench.ok("fit x.csv --rank 1 --uncertainty sigma.csv --hold-out 0.1 --out o -q");
    let said = bench.ok("transform o x.csv --out -");
    for words in
        ["the fit had --uncertainty sigma.csv;", "the fit had --hold-out 0.1; nothing is held out here"]
    {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let said = bench.ok("transform o x.csv --uncertainty sigma.csv --out -");
    assert!(!said.err.contains("--uncertainty sigma.csv;"), "{}", said.err);
    assert_eq!(bench.ok("transform o x.csv --out - -q").err, "");
}

#[test]
fn entries_that_are_not_listed_are_spoken_of() {
    let bench = Bench::new();
    bench.write("u.data", triplets(5, |i, j| format!("user{i}\titem{j}")));
    let said = bench.ok("fit u.data --triplets --rank 2 --out o");
    let note = "288 entries that are not listed count as 0; --missing absent leaves them out";
    assert!(said.err.contains(note), "{}", said.err);
    assert!(bench.json("o/run.json")["data"]["notes"].as_array().unwrap().contains(&json!(note)));
    assert!(bench.ok("inspect u.data --triplets").out.contains(note));
    let said = bench.ok("fit u.data --triplets --missing absent --rank 1 --out p --unseen zeros");
    assert!(!said.err.contains("listed"), "{}", said.err);
    bench.ok("convert u.data x.mtx --triplets -q");
    assert!(!bench.ok("convert u.data y.mtx --triplets").err.contains("listed"));
    assert!(
        !bench.ok("fit x.mtx --rank 2 --out q").err.contains("listed"),
        "nothing hints at missing entries"
    );
    let said = bench.ok("fit x.mtx --hold-out 0.3 --rank 9 --init random --out r --max-iter 300");
    assert!(said.err.contains(note), "{}", said.err);
    assert!(
        said.err.contains("try --missing absent, if what is not listed is not 0; else fewer"),
        "{}",
        said.err
    );
}

#[test]
fn a_file_of_triplets_is_recognised() {
    let bench = Bench::new();
    bench.write("named.tsv", triplets(5, |i, j| format!("user{i}\tfilm{j}")));
    let words = ["is not a number (cell 2 of the row)", "if each line is row, column, value, use --triplets"];
    bench.fails("fit named.tsv --rank 2 --out o", 65, &words);
    let advice = "if each line is row, column, value, read it with --triplets";
    bench.write("numbered.tsv", triplets(5, |i, j| format!("{i}\t{j}")));
    assert!(bench.ok("inspect numbered.tsv --header no --row-names no").out.contains(advice));
    bench.write("counts.tsv", triplets(5, |i, j| format!("{}\t{}", i % 3, j % 3)));
    assert!(!bench.ok("inspect counts.tsv --header no --row-names no").out.contains(advice));
    assert!(!bench.ok("inspect numbered.tsv --triplets").out.contains(advice));
}

#[test]
fn unknown_uncertainties_of_missing_entries_are_fine() {
    let bench = Bench::new();
    let hole = |text: String| text.replace("s3,", "s3,,").replacen("s4,", "s4,NA,", 1);
    // The last cell of the two rows makes room.
    let cut = |text: String| -> String {
        let cut = |line: &str| match line.split(',').count() {
            7 => line.rsplit_once(',').unwrap().0.to_string(),
            _ => line.to_string(),
        };
        text.lines().map(|line| cut(line) + "\n").collect()
    };
    bench.write("x.csv", cut(hole(known(10))));
    bench.write("sigma.csv", cut(hole(known(10).replace(",0", ",1"))));
    let said =
        bench.ok("fit x.csv --missing nan --uncertainty sigma.csv --rank 1 --penalty l2:wh:0.01 --out o");
    let run = bench.json("o/run.json");
    let number = |name: &str| run[name].as_f64().unwrap();
    let (loss, penalty) = (number("loss_value"), number("penalty"));
    for words in [
        format!("Q, the sum of squared scaled residuals, {:.6e}", 2.0 * loss),
        format!("penalty {penalty:.6e}, objective {:.6e}", number("objective")),
    ] {
        assert!(said.err.contains(&words), "{words}: {}", said.err);
    }
    assert_eq!(run["data"]["observed"], 48);
    bench.write("x.csv", known(10));
    let words = ["sigma.csv", "NaN at row 3, column 0 (row 's3', column 'red')", "inf leaves an entry out"];
    bench.fails("fit x.csv --uncertainty sigma.csv --rank 1 --out o --force", 65, &words);
    let said = bench.ok("fit x.csv --rank 1 --out p");
    assert!(!said.err.contains("penalty") && !said.err.contains("Q,"), "{}", said.err);
}

#[test]
fn other_words_for_options_and_values_are_understood() {
    let bench = Bench::new();
    bench.write("x.csv", known(20));
    bench.write("sigma.csv", known(20).replace(",0", ",1"));
    bench.write("h.csv", "4,1,0,2,0\n");
    for (options, field, value) in [
        ("--k 2 --loss Poisson", "loss", json!("kl")),
        ("--components 2 --max-iterations 3", "max_iter", json!(3)),
        ("--n-components 2 --iterations 3 --rule HALS", "rule", json!("hals")),
        ("--rank 2 --penalty L1:Both:0.1", "penalties", json!(["l1:wh:0.1"])),
        ("--rank 2 --simplex H", "simplex_h", json!("exact")),
        ("--rank 2 --fixed-components h.csv", "rank", json!(2)),
        ("--rank 2 --known h.csv", "rank", json!(2)),
        ("--rank 1 --fixed-h h.csv", "rank", json!(1)),
        ("--rank 2 --errors sigma.csv --holdout 0.1", "rank", json!(2)),
        ("--rank 2 --sigma sigma.csv --negatives KEEP", "negatives", json!("keep")),
    ] {
        bench.ok(&format!("fit x.csv --out o --force -q {options}"));
        assert_eq!(bench.json("o/run.json")["options"][field], value, "{options}");
    }
    bench.ok("fit x.csv --rank 2 --missing NA --out o --force -q");
    assert_eq!(bench.json("o/run.json")["data"]["missing"], "nan");
    let rules = &bench.json("o/run.json")["row_rules"];
    assert!(rules["overlap"].as_f64().unwrap().is_sign_positive(), "{rules}");
    assert!(bench.ok("convert --help").out.contains("Write the transpose of the file"));
}

/// `--timings` says where the time went, and its parts are the whole.
#[test]
fn the_time_adds_up() {
    let bench = Bench::new();
    bench.write("x.csv", known(200));
    for options in ["", "--loss kl", "--loss kl --rule mu", "--hold-out 0.1", "--restarts 3"] {
        let said = bench.ok(&format!("fit x.csv --rank 3 --timings --threads 1 --out o --force {options}"));
        for words in ["\ntime\n", "sweeps", "looks", "products", "rule"] {
            assert!(said.err.contains(words), "{words}: {}", said.err);
        }
        let run = bench.json("o/run.json");
        let of = |group: &str, name: &str| run[group][name].as_f64().unwrap();
        let parts: f64 = ["start", "sweeps", "looks", "finish"].iter().map(|name| of("timings", name)).sum();
        let whole = of("seconds", "init") + of("seconds", "solve");
        assert!(parts > 0.0 && parts <= 1.01 * whole, "{options}: {parts} of {whole}");
        // One thread: what it does in sweeps is within them.
        let inside = of("timings", "products") + of("timings", "rule");
        assert!(inside > 0.0 && inside <= 1.01 * of("timings", "sweeps"), "{options}: {run}");
    }
    assert!(!bench.ok("fit x.csv --rank 3 --out o --force").err.contains("\ntime\n"));
}
