//! Scans over ranks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::Bench;
use serde_json::Value;

/// Three parts of 8 columns with something on top: the third digit of a product that is not periodic in either index.
fn parts(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for i in 0..rows {
        let row: Vec<String> = (0..columns)
            .map(|j| {
                let part = if i % 3 == j * 3 / columns { 4.0 + ((i * 5 + j * 3) % 4) as f64 } else { 0.0 };
                let noise = ((i * i * 31 + j * j * 17 + i * j * 7) % 101) as f64 / 101.0;
                format!("{:.3}", part + noise)
            })
            .collect();
        text += &(row.join("\t") + "\n");
    }
    text
}

const SCAN: &str = "rank x.tsv --ranks 1..5 --runs 4 --folds 4 --out s";

#[test]
fn the_rank_of_planted_data_is_found_and_its_fit_is_the_one_that_is_named() {
    let bench = Bench::new();
    bench.write("x.tsv", parts(45, 24));
    let said = bench.ok(SCAN);
    assert!(said.err.contains("rank 3, with high confidence"), "{}", said.err);
    assert!(said.out.starts_with("rank\trelative_error\t") && said.out.lines().count() == 6, "{}", said.out);
    assert_eq!(bench.read("s/ranks.tsv"), said.out);
    let scan = bench.json("s/scan.json");
    assert_eq!((scan["advice"]["rank"].as_u64(), scan["missing"].as_u64()), (Some(3), Some(0)));
    let command = scan["fit"].as_str().unwrap();
    let fit = command.strip_prefix("partwise ").unwrap();
    bench.ok(&format!("{fit} --out f"));
    let objective = bench.json("f/run.json")["objective"].as_f64();
    assert!(objective.is_some() && objective == scan["ranks"][2]["objective"].as_f64());
}

/// What may differ between two scans of the same.
fn without_times(mut scan: Value) -> Value {
    for rank in scan["ranks"].as_array_mut().unwrap() {
        rank.as_object_mut().unwrap().remove("seconds");
    }
    scan["scan"]["spec"].as_object_mut().unwrap().remove("threads");
    scan.as_object_mut().unwrap().remove("fit");
    scan
}

#[test]
fn threads_shards_and_pauses_change_no_bit() {
    let bench = Bench::new();
    bench.write("x.tsv", parts(30, 18));
    let whole = bench.ok(&format!("{SCAN} --threads 1"));
    let scan = without_times(bench.json("s/scan.json"));
    // On more threads, in another folder.
    let again = bench.ok(&SCAN.replace("--out s", "--out t --threads 3 -q"));
    assert_eq!((again.out.as_str(), again.err.as_str()), (whole.out.as_str(), ""));
    assert_eq!(without_times(bench.json("t/scan.json")), scan);
    // In parts: of two machines, the second after a fit of the first was lost.
    let part = bench.ok(&SCAN.replace("--out s", "--out u --shard 1/2"));
    assert!(part.err.contains("fits are kept in u") && !bench.exists("u/scan.json"), "{}", part.err);
    bench.ok(&SCAN.replace("--out s", "--out u --shard 2/2"));
    std::fs::remove_file(bench.path("u/jobs/rank-004-whole-0002.json")).unwrap();
    let rest = bench.ok(&SCAN.replace("--out s", "--out u"));
    assert!(rest.err.contains("44 of 45 fits are done already"), "{}", rest.err);
    assert_eq!(without_times(bench.json("u/scan.json")), scan);
    // More ranks are added to what is there.
    let more = bench.ok(&SCAN.replace("--ranks 1..5", "--ranks 2..6"));
    assert!(more.err.contains("36 of 45 fits are done already"), "{}", more.err);
    assert!(more.err.contains("9 other fits of this scan in s are counted in"), "{}", more.err);
    assert!(more.err.contains("rank 3, with high confidence"), "{}", more.err);
    assert_eq!(more.out.lines().count(), 7, "{}", more.out);
    assert_eq!(bench.json("s/scan.json")["scan"]["ranks"], serde_json::json!([1, 2, 3, 4, 5, 6]));
    // What was said of the others is said still.
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&more.out)[..6], lines(&whole.out)[..]);
}

#[test]
fn a_time_limit_pauses() {
    let bench = Bench::new();
    bench.write("x.tsv", parts(30, 18));
    let said = bench.ok(&format!("{SCAN} --time-limit 0"));
    assert!(said.err.contains("are not done yet"), "{}", said.err);
    assert!(said.err.contains("no rank is recommended"), "{}", said.err);
    let scan = bench.json("s/scan.json");
    assert!(scan["missing"].as_u64().unwrap() > 0);
    bench.ok(SCAN);
    assert_eq!(bench.json("s/scan.json")["missing"].as_u64(), Some(0));
}

#[test]
fn what_cannot_be_is_refused() {
    let bench = Bench::new();
    bench.write("x.tsv", parts(12, 9));
    bench.fails("rank x.tsv --ranks 2..99 --out s", 2, &["rank 13 is above both"]);
    bench.fails("rank x.tsv --ranks 2..4 --runs 0 --out s", 2, &["runs = 0", "at least one fit"]);
    bench.fails("rank x.tsv --ranks 2..4 --folds 1 --out s", 2, &["folds = 1", "2 or more"]);
    bench.fails("rank x.tsv --ranks 5..2 --out s", 2, &["the first rank is the smaller one"]);
    bench.fails("rank x.tsv --fix-h h.npy --out s", 2, &["--fix-h is for one rank"]);
    bench.fails(
        "rank x.tsv --loss is --ranks 2..3 --runs 2 --folds 2 --penalty graph:w:1:g.npy --out s",
        2,
        &["graph"],
    );
    assert!(!bench.exists("s"));
    bench.ok("rank x.tsv --ranks 2..3 --runs 2 --folds 2 --out s");
    bench.fails("rank x.tsv --ranks 2..3 --runs 2 --folds 3 --out s", 73, &["other options", "--force"]);
    bench.ok("rank x.tsv --ranks 2..3 --runs 2 --folds 3 --out s --force");
    std::fs::create_dir(bench.path("mine")).unwrap();
    bench.write("mine/letter.txt", "dear");
    bench.fails("rank x.tsv --ranks 2..3 --out mine", 73, &["not the folder of a scan"]);
}

/// Ranks from 2 on say nothing of how much one component would explain.
#[test]
fn noise_is_not_recommended_with_confidence() {
    let bench = Bench::new();
    let noise = |i: usize, j: usize| ((i * i * 7919 + j * j * 104_729 + i * j * 1299) % 1009) as f64 / 1009.0;
    let rows = (0..60).map(|i| (0..40).map(|j| format!("{:.4}", noise(i, j))).collect::<Vec<_>>().join("\t"));
    bench.write("x.tsv", rows.collect::<Vec<_>>().join("\n") + "\n");
    let said = bench.ok("rank x.tsv --ranks 2..4 --runs 4 --out s");
    let sure = said.err.contains("high confidence") || said.err.contains("medium confidence");
    assert!(!sure && said.err.contains("shuffled"), "{}", said.err);
    let said = bench.ok("rank x.tsv --ranks 1..4 --runs 4 --out s");
    assert!(said.err.contains("no rank is recommended") || said.err.contains("rank 1"), "{}", said.err);
}

/// Inputs are never changed, whatever their names are.
#[test]
fn inputs_are_not_replaced() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("in")).unwrap();
    let table = parts(12, 9);
    bench.write("in/ranks.tsv", &table);
    bench.fails("rank in/ranks.tsv --ranks 1 --runs 2 --out in --force", 2, &["would replace the input"]);
    assert_eq!(bench.read("in/ranks.tsv"), table);
    bench.write("x.tsv", &table);
    bench.write("groups.txt", "a\n".repeat(12));
    bench.ok("fit x.tsv --rank 2 --out f");
    let w = std::fs::read(bench.path("f/W.npy")).unwrap();
    for out in ["groups.txt", "f/W.npy"] {
        let command = format!("report f --groups groups.txt --out {out} --force");
        bench.fails(&command, 2, &["would replace what the report is made of"]);
    }
    assert_eq!(std::fs::read(bench.path("f/W.npy")).unwrap(), w);
    bench.ok("report f --groups groups.txt");
    bench.ok("report f --out f/report.html --force");
}

/// A fit among the files of a scan would be taken for a part of it.
#[test]
fn a_fit_does_not_go_into_the_folder_of_a_scan() {
    let bench = Bench::new();
    bench.write("x.tsv", parts(12, 9));
    bench.ok("rank x.tsv --ranks 2 --runs 2 --folds 0 --out s --report");
    let report = bench.read("s/report.html");
    for out in ["s", "./s/", "s/jobs", "s/../s"] {
        let consensus = format!("consensus x.tsv --scan s --rank 2 --report --force --out {out}");
        bench.fails(&consensus, 2, &["the folder of a scan", "another --out"]);
        bench.fails(&format!("fit x.tsv --rank 2 --force --out {out}"), 2, &["the folder of a scan"]);
    }
    assert!(!bench.exists("s/run.json") && !bench.exists("s/jobs/run.json"));
    assert_eq!(bench.read("s/report.html"), report);
    bench.ok("consensus x.tsv --scan s --rank 2 --out s/agreed");
}

/// A scan is one of X, whichever way X lies in its file.
#[test]
fn a_transposed_file_is_the_same_data() {
    let bench = Bench::new();
    bench.write("x.tsv", parts(12, 9));
    bench.write(
        "x.mtx",
        "%%MatrixMarket matrix coordinate real general\n3 4 5\n1 1 2\n2 2 3\n3 4 1\n3 1 1\n1 3 4\n",
    );
    for (name, more) in [("x.tsv", ""), ("x.mtx", ""), ("x.mtx", " --missing absent --loss kl")] {
        bench.ok(&format!("convert {name} y-{name} --transpose --force"));
        let options = format!("--ranks 2 --runs 2 --folds 2 --out s{more}");
        bench.ok(&format!("rank {name} {options} --force"));
        let jobs = bench.read("s/jobs.json");
        let said = bench.ok(&format!("rank y-{name} --transpose {options}"));
        assert!(said.err.contains("are done already"), "{name}: {}", said.err);
        bench.ok(&format!(
            "consensus y-{name} --transpose{more} --scan s --rank 2 --max-distance 1.5 --out c --force"
        )
        .replace(" --loss kl", ""));
        bench.ok(&format!("rank y-{name} --transpose {options} --force"));
        assert_eq!(bench.read("s/jobs.json"), jobs);
        bench.fails(&format!("rank y-{name} {options}"), 73, &["other data"]);
    }
    // Weights lie as the file does.
    bench.write("w.txt", "1\n2\n1\n1\n1\n1\n1\n1\n1\n");
    bench.ok("rank x.tsv --col-weights w.txt --ranks 2 --runs 2 --folds 0 --out s --force");
    let turned = "rank y-x.tsv --transpose --row-weights w.txt --ranks 2 --runs 2 --folds 0 --out s";
    bench.fails(turned, 73, &["read in another way"]);
}

#[test]
fn a_small_table_is_scanned_without_options() {
    let bench = Bench::new();
    bench.write("x.tsv", parts(12, 4));
    let said = bench.ok("rank x.tsv --runs 2 --folds 2");
    assert_eq!(said.out.lines().count(), 5, "{}", said.out);
    for (name, text) in [
        ("one.tsv", "3\n".to_string()),
        ("row.tsv", "1\t2\t3\t4\n".into()),
        ("column.tsv", "1\n2\n3\n".into()),
    ] {
        bench.write(name, text);
        let said = bench.ok(&format!("rank {name}"));
        assert!(said.err.contains("no folds are held out"), "{name}: {}", said.err);
        assert_eq!(said.out.lines().count(), 2, "{}", said.out);
        assert!(bench.ok(&format!("rank {name}")).err.contains("are done already"));
    }
}

#[test]
fn a_damaged_scan_is_told_with_the_way_out() {
    let bench = Bench::new();
    bench.write("x.tsv", parts(12, 9));
    let scan = "rank x.tsv --ranks 2 --runs 2 --folds 0 --out s";
    bench.ok(scan);
    let (h, record) = ("s/jobs/rank-002-whole-0001.H.npy", "s/jobs/rank-002-whole-0001.json");
    let consensus = "consensus x.tsv --scan s --rank 2 --out c";
    // As wide as another X.
    bench.write("y.tsv", parts(12, 6));
    bench.ok("fit y.tsv --rank 2 --out f -q");
    std::fs::copy(bench.path("f/H.npy"), bench.path(h)).unwrap();
    for command in [scan, consensus] {
        bench.fails(command, 65, &[h, "2 x 6", record, "the command of the scan"]);
    }
    std::fs::remove_file(bench.path(h)).unwrap();
    bench.fails(consensus, 66, &[h, "is gone", "remove the .json"]);
    std::fs::remove_file(bench.path(record)).unwrap();
    bench.ok(scan);
    std::fs::remove_dir_all(bench.path("s/jobs")).unwrap();
    bench.fails(consensus, 66, &["s/jobs", "copy the whole folder"]);
    bench.ok(scan);
    bench.ok(consensus);
}
