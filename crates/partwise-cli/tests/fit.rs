//! `partwise fit`: what it writes, says and refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::{Bench, check, known, root};

#[test]
fn a_named_table_becomes_named_factors() {
    let bench = Bench::new();
    bench.write("x.csv", known(20));
    let said = bench.ok("fit x.csv --rank 2 --out o --format tsv");
    assert_eq!(said.out, "", "stdout is data, and there is none");
    for words in
        ["20 x 5", "exact fit", "relative error", "the first row was taken as column names", "wrote W.tsv"]
    {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let w = bench.read("o/W.tsv");
    assert!(w.starts_with("\tcomponent_1\tcomponent_2\ns0\t"), "{w}");
    let h = bench.read("o/H.tsv");
    assert!(h.starts_with("\tred\tgreen\tblue\tcyan\tgrey\ncomponent_1\t"), "{h}");
    let run = bench.json("o/run.json");
    assert!(run["relative_error"].as_f64().unwrap() < 1e-3, "{}", run["relative_error"]);
    assert_eq!(run["shape"], serde_json::json!([20, 5]));
    assert_eq!(bench.names(), ["o", "x.csv"]);
}

#[test]
fn the_record_follows_its_schema() {
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("docs/run.schema.json")).unwrap()).unwrap();
    let bench = Bench::new();
    bench.write("x.csv", known(20));
    for options in [
        "",
        "--loss kl --restarts 3 --seed 7 --image 1x5",
        "--loss is --floor 1e-6 --max-iter 3",
        "--l1-w 1e30 --loss kl",
        "--rank 9 --init random --normalize l1 --time-limit 10s --target-error 1e-3",
        "--precision f32 --tol 0 --max-iter 5 --transpose",
    ] {
        let rank = if options.contains("--rank") { "" } else { "--rank 2" };
        let said = bench.ok(&format!("fit x.csv {rank} --out o --force --json {options}"));
        let run: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        check(&schema, &run, "run");
        assert_eq!(run, bench.json("o/run.json"), "stdout is the document and nothing else");
        assert_eq!(said.err, "", "a machine listens");
        let objectives = run["history"].as_array().unwrap();
        assert!(!objectives.is_empty() || run["status"] == "degenerate", "{options}");
    }
}

#[test]
fn names_travel_with_npy_too() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    bench.ok("fit x.csv --rank 2 --out o -q");
    let names = bench.json("o/names.json");
    assert_eq!(names["cols"][4], "grey");
    assert_eq!(names["rows"][5], "s5");
    // An earlier fit's files do not stay beside those of another format.
    bench.ok("fit x.csv --rank 2 --out o -q --format csv --force");
    assert!(!bench.exists("o/W.npy") && !bench.exists("o/names.json") && bench.exists("o/W.csv"));
}

#[test]
fn a_folder_is_named_for_the_data_and_the_rank() {
    let bench = Bench::new();
    bench.write("my.x.csv", known(6));
    bench.ok("fit my.x.csv --rank 2 -q");
    assert!(bench.exists("my.x-rank2/W.npy"));
    bench.fails("fit my.x.csv --rank 2", 73, &["my.x-rank2", "--force"]);
    assert_eq!(bench.names(), ["my.x-rank2", "my.x.csv"]);
}

#[test]
fn not_converging_is_a_failure_only_if_asked() {
    let bench = Bench::new();
    bench.write("x.csv", known(20));
    bench.ok("fit x.csv --rank 2 --max-iter 1 --out o -q");
    let said = bench.call("fit x.csv --rank 2 --max-iter 1 --out o -q --strict --force");
    assert_eq!(said.code, 4, "{}", said.err);
    assert_eq!(bench.json("o/run.json")["status"], "iteration_limit");
    bench.ok("fit x.csv --rank 2 --out o -q --strict --force");
}

#[test]
fn a_folder_in_use_is_refused_before_any_work() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    std::fs::create_dir(bench.path("o")).unwrap();
    bench.write("o/mine.txt", "keep me");
    bench.fails("fit x.csv --rank 2 --out o", 73, &["o", "--force"]);
    // Even with --force, only what a fit writes is replaced.
    bench.ok("fit x.csv --rank 2 --out o --force -q");
    assert_eq!(bench.read("o/mine.txt"), "keep me");
    bench.fails("fit x.csv --rank 2 --out nowhere/o", 73, &["nowhere", "create it first"]);
    bench.fails("fit x.csv --rank 2 --out x.csv", 73, &["x.csv"]);
    // A file of the fit never replaces its own input.
    bench.ok("convert x.csv o/W.csv --force -q");
    bench.fails("fit o/W.csv --rank 2 --out o --force", 2, &["would replace the input"]);
}

#[test]
fn another_process_that_was_faster_is_told_and_left_alone() {
    use std::io::Write;
    use std::process::Stdio;
    let bench = Bench::new();
    let late = |arguments: &str| {
        let mut command = bench.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The folder is looked at before standard input is read.
        while bench.names().iter().all(|name| !name.starts_with(".partwise-")) {
            std::thread::sleep(std::time::Duration::from_millis(5));
            assert!(child.try_wait().unwrap().is_none());
        }
        std::fs::create_dir_all(bench.path("o")).unwrap();
        bench.write("o/W.npy", "theirs");
        child.stdin.take().unwrap().write_all(known(6).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, err) = late("fit - --rank 2 --out o");
    assert_eq!(code, Some(73), "{err}");
    assert!(err.contains("'o'") && err.contains("another process") && err.contains("--force"), "{err}");
    assert_eq!((bench.read("o/W.npy"), bench.names()), ("theirs".into(), vec!["o".to_string()]));
    std::fs::remove_dir_all(bench.path("o")).unwrap();
    let (code, err) = late("fit - --rank 2 --out o --force");
    assert_eq!(code, Some(0), "{err}");
    assert!(bench.exists("o/run.json"));
}

#[test]
fn a_mixture_of_two_fits_is_no_model() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    bench.ok("fit x.csv --rank 2 --out o -q");
    bench.write("o/mine.txt", "keep me");
    // W, which comes after H, cannot be replaced.
    std::fs::remove_file(bench.path("o/W.npy")).unwrap();
    std::fs::create_dir(bench.path("o/W.npy")).unwrap();
    let words = ["'o' could not be written", "the old run.json is removed", "H.npy is new", "run it again"];
    bench.fails("fit x.csv --rank 2 --seed 1 --out o --force -q", 74, &words);
    bench.fails("transform o x.csv --out -", 66, &["run.json"]);
    assert_eq!(bench.names(), ["o", "x.csv"]);
}

#[test]
fn a_damaged_folder_is_told_with_the_way_out() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    bench.ok("fit x.csv --rank 2 --out o -q");
    bench.write("o/H.npy", "");
    bench.fails("transform o x.csv --out -", 65, &["'o/H.npy'", "is empty", "copy the whole folder again"]);
    std::fs::remove_file(bench.path("o/H.npy")).unwrap();
    bench.fails("transform o x.csv --out -", 66, &["'o/H.npy' is gone", "copy the whole folder again"]);
}

#[test]
fn a_failed_run_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.write("nan.csv", "a,b\n1,2\n3,nan\n");
    bench.fails("fit nan.csv --rank 1 --out o", 65, &["nan.csv", "NaN at row 1, column 1", "column 'b'"]);
    bench.write("neg.csv", "g,a,b\nx,1,2\ny,-3,4\n");
    bench.fails("fit neg.csv --rank 1 --out o", 65, &["negative entry -3", "row 'y', column 'a'", "clip"]);
    bench.write("zero.csv", "1,0\n2,3\n");
    bench.fails("fit zero.csv --rank 1 --out o --loss is", 65, &["X has 1 zero; raise it", "--floor"]);
    bench.write("bad.csv", "1,2\n3\n");
    bench.fails("fit bad.csv --rank 1 --out o", 65, &["bad.csv", "line", "cells"]);
    bench.fails("fit missing.csv --rank 1 --out o", 66, &["missing.csv"]);
    assert_eq!(bench.names(), ["bad.csv", "nan.csv", "neg.csv", "zero.csv"]);
}

#[test]
fn wrong_arguments_are_said_with_the_way_out() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    for (arguments, words) in [
        ("fit x.csv --out o", vec!["--rank"]),
        ("fit x.csv --rank 0 --out o", vec!["rank = 0", "at least one"]),
        ("fit x.csv --rank 2 --out o --los kl", vec!["--loss"]),
        ("fit x.csv --rank 2 --out o --loss gamma", vec!["kl"]),
        ("fit x.csv --rank 2 --out o --loss kl --rule hals", vec!["use rule scd"]),
        ("fit x.csv --rank 2 --out o --init nndsv", vec!["nndsvda", "W.npy,H.npy"]),
        ("fit x.csv --rank 2 --out o --tol -1", vec!["tol = -1"]),
        ("fit x.csv --rank 2 --out o --time-limit soon", vec!["30s"]),
        ("fit x.csv --rank 9 --out o --init nndsvd", vec!["init random"]),
        ("fit x.csv --rank 2 --out o --image 2x2", vec!["5 entries"]),
        ("fit x.csv --rank 2 --out o --l1-w -1", vec!["l1_w"]),
    ] {
        bench.fails(arguments, 2, &words);
    }
    assert_eq!(bench.names(), ["x.csv"]);
}

#[test]
fn memory_is_checked_before_it_is_taken() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    bench.fails("fit x.csv --rank 4000000000 --out o", 71, &["lower the rank"]);
    bench.fails("fit x.csv --rank 4000000000 --loss kl --rule newton --out o", 71, &["lower the rank"]);
    bench.fails("fit x.csv --rank 2 --out o --memory-limit 100B", 71, &["limit"]);
    assert_eq!(bench.names(), ["x.csv"]);
}

#[test]
fn what_newton_cannot_do_is_said() {
    let bench = Bench::new();
    bench
        .write("x.mtx", "%%MatrixMarket matrix coordinate real general\n3 3 4\n1 1 1\n2 2 1\n3 3 1\n1 2 2\n");
    let words = ["sparse X with loss kl and rule newton", "use rule scd"];
    bench.fails("fit x.mtx --rank 1 --loss kl --rule newton --out o", 2, &words);
    let words = ["--penalty orthogonal", "not convex", "use rule scd"];
    bench.write("x.csv", known(6));
    bench.fails("fit x.csv --rank 2 --loss kl --rule newton --penalty orthogonal:h:0.1 --out o", 2, &words);
}

/// Where memory is short for what would be chosen, something else is, and that is said.
#[test]
fn less_memory_makes_another_choice() {
    let bench = Bench::new();
    bench.write("x.csv", known(400));
    let fit = "fit x.csv --rank 100 --loss kl --init random --max-iter 2 --threads 1";
    assert!(bench.ok(&format!("{fit} --dry-run")).out.contains("rule newton"));
    let limit = (1..=100).rev().map(|n| format!("{}KB", 100 * n)).find(|limit| {
        let said = bench.call(&format!("{fit} --dry-run --memory-limit {limit}"));
        said.out.contains("rule scd") && said.out.contains("memory limit")
    });
    let said = bench.ok(&format!("{fit} --out o --memory-limit {}", limit.unwrap()));
    assert!(said.err.contains("does not fit into the memory limit"), "{}", said.err);
    assert_eq!(bench.json("o/run.json")["options"]["rule"], "scd");
}

#[test]
fn a_dry_run_says_and_does_not() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    let said = bench.ok("fit x.csv --rank 2 --dry-run -q");
    for words in ["X (6, 5) -> W (6, 2), H (2, 5)", "rule hals", "memory"] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    let said = bench.ok("fit x.csv --rank 2 --dry-run --json --out o");
    let document: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document["options"]["rule"], "hals");
    assert_eq!(bench.names(), ["x.csv"]);
}

#[test]
fn a_fit_goes_on_from_given_factors_and_stops_at_once_at_a_solution() {
    let bench = Bench::new();
    bench.write("x.csv", known(30));
    bench.ok("fit x.csv --rank 2 --out a -q --tol 1e-6");
    bench.ok("fit x.csv --rank 2 --out b -q --init a/W.npy,a/H.npy");
    let run = bench.json("b/run.json");
    assert!(run["iterations"].as_u64().unwrap() <= 2, "{}", run["iterations"]);
    assert_eq!(run["options"]["init"], "given");
    bench.ok("fit x.csv --rank 2 --out c -q --init ,a/H.npy");
    bench.ok("fit x.csv --rank 2 --out e -q --init a/W.npy");
    bench.ok("fit x.csv --rank 2 --out f -q --init a/W.npy,");
    assert_eq!(std::fs::read(bench.path("e/W.npy")).unwrap(), std::fs::read(bench.path("f/W.npy")).unwrap());
    bench.fails("fit x.csv --rank 2 --out d --init nope.npy", 66, &["nope.npy"]);
    bench.fails("fit x.csv --rank 3 --out d --init a/W.npy,a/H.npy", 65, &["given W", "(30, 3)"]);
    bench.fails("fit x.csv --rank 2 --out d --init nope.npy,", 66, &["nope.npy"]);
}

#[test]
fn standard_input_and_every_format_give_the_same_fit() {
    let bench = Bench::new();
    bench.write("x.csv", known(25));
    let hash = |out: &str| {
        let run = bench.json(&format!("{out}/run.json"));
        (run["data"]["hash"].clone(), run["objective"].clone())
    };
    bench.ok("fit x.csv --rank 2 --out base -q --loss kl");
    for name in ["x.npy", "x.npz", "x.mtx", "x.tsv", "y.csv.gz", "x.mtx.gz"] {
        bench.ok(&format!("convert x.csv {name} -q"));
        bench.ok(&format!("fit {name} --rank 2 --out {name}.o -q --loss kl"));
        let (a, b) = (hash("base"), hash(&format!("{name}.o")));
        assert_eq!(a.0, b.0, "{name}");
        let (a, b) = (a.1.as_f64().unwrap(), b.1.as_f64().unwrap());
        assert!((a - b).abs() < 1e-9 * (1.0 + a.abs()), "{name}: {a} {b}");
    }
    let mut command = bench.command("fit - --rank 2 --out piped -q --loss kl");
    command.stdin(std::fs::File::open(bench.path("x.csv")).unwrap());
    assert!(command.status().unwrap().success());
    assert_eq!(hash("base"), hash("piped"));
}

/// Files of numbers alone have their names in others, a line each, as 10x and vocabularies have them.
#[test]
fn names_come_from_files_beside() {
    let bench = Bench::new();
    bench
        .write("x.mtx", "%%MatrixMarket matrix coordinate real general\n3 2 4\n1 1 2\n2 2 3\n3 1 1\n3 2 1\n");
    bench.write("features.tsv", "g1\tOne\tGene\ng2\tTwo\tGene\ng3\tThree\tGene\n");
    bench.write("barcodes.tsv", "c1\nc2\n");
    let names = "--transpose --sample-names barcodes.tsv --feature-names features.tsv";
    bench.ok(&format!("fit x.mtx --rank 1 {names} --out f --format tsv"));
    assert!(bench.read("f/W.tsv").contains("c2\t") && bench.read("f/H.tsv").starts_with("\tg1\tg2\tg3\n"));
    let swapped = "--transpose --sample-names features.tsv";
    bench.fails(&format!("fit x.mtx --rank 1 {swapped} --out g"), 65, &["3 lines for 2 samples"]);
}
