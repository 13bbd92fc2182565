//! Mutational signatures, from a table to tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::Bench;
use serde_json::Value;

const SAMPLES: usize = 24;

/// The 96 classes, as the standard spells and orders them.
fn classes() -> Vec<String> {
    let mut names = Vec::new();
    for kind in ["C>A", "C>G", "C>T", "T>A", "T>C", "T>G"] {
        for before in ["A", "C", "G", "T"] {
            names.extend(["A", "C", "G", "T"].map(|after| format!("{before}[{kind}]{after}")));
        }
    }
    names
}

/// Two signatures: one of C>T, one of everything, with few T>G.
fn signature(which: usize, class: usize) -> f64 {
    match (which, class / 16) {
        (0, 2) => [0.10, 0.03, 0.08, 0.04, 0.06, 0.02][class % 6],
        (0, _) => 0.0005,
        (_, 5) => 0.001,
        _ => [0.004, 0.018, 0.009, 0.013, 0.021][class % 5],
    }
}

/// Whole numbers of mutations; the last sample has none.
fn counts(class: usize, sample: usize) -> u64 {
    if sample + 1 == SAMPLES {
        return 0;
    }
    // Some samples have hardly anything of one of them, so that there is but one answer.
    let a = if sample % 5 == 1 { 1.0 } else { 100.0 + ((sample * 977) % 1500) as f64 };
    let b = if sample % 5 == 2 { 1.0 } else { 300.0 + ((sample * 613) % 900) as f64 };
    let mean = a * signature(0, class) + b * signature(1, class);
    // As it falls, a little off.
    let mixed = ((class * 97 + sample * 7919 + 13) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let off = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
    let off = off as f64 / f64::from(1 << 23) - 1.0;
    (mean + off * mean.sqrt()).round().max(0.0) as u64
}

fn table(spell: impl Fn(&str) -> String) -> String {
    let samples: Vec<String> = (0..SAMPLES).map(|s| format!("tumour {s}")).collect();
    let mut text = format!("MutationType\t{}\n", samples.join("\t"));
    for (at, class) in classes().iter().enumerate() {
        let cells: Vec<String> = (0..SAMPLES).map(|s| counts(at, s).to_string()).collect();
        text += &format!("{}\t{}\n", spell(class), cells.join("\t"));
    }
    text
}

/// A table with names on both sides: those of the columns, those of the rows, and the numbers.
fn cells(text: &str) -> (Vec<String>, Vec<String>, Vec<Vec<f64>>) {
    let bare = |cell: &str| cell.trim_matches('"').to_string();
    let mut lines = text.lines().map(|line| line.split('\t').map(bare).collect::<Vec<_>>());
    let columns = lines.next().unwrap()[1..].to_vec();
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for line in lines {
        rows.push(line[0].clone());
        values.push(line[1..].iter().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect());
    }
    (columns, rows, values)
}

fn cosine(a: impl Iterator<Item = f64> + Clone, b: impl Iterator<Item = f64> + Clone) -> f64 {
    let dot: f64 = a.clone().zip(b.clone()).map(|(x, y)| x * y).sum();
    dot / (a.map(|x| x * x).sum::<f64>().sqrt() * b.map(|x| x * x).sum::<f64>().sqrt())
}

#[test]
fn known_signatures_are_found_from_the_table_alone() {
    let bench = Bench::new();
    bench.write("SBS96.all", table(|name| name.into()));
    let said = bench.ok("signatures SBS96.all --ranks 1..3 --runs 6 --folds 4 --report");
    assert!(said.err.contains("1 sample has no mutation, and gets exposures of 0"), "{}", said.err);
    assert!(said.err.contains("rank 2, with"), "{}", said.err);
    let (columns, names, _) = cells(&said.out);
    assert_eq!(columns, ["mutations", "share", "runs", "stability"]);
    assert_eq!(names, ["SBS96A", "SBS96B"]);

    let (names, rows, h) = cells(&bench.read("SBS96-signatures/signatures.tsv"));
    assert_eq!((names, rows), (vec!["SBS96A".to_string(), "SBS96B".into()], classes()));
    for c in 0..2 {
        let sum: f64 = h.iter().map(|row| row[c]).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        let best = (0..2)
            .map(|which| cosine(h.iter().map(|row| row[c]), (0..96).map(|at| signature(which, at))))
            .fold(0.0, f64::max);
        assert!(best > 0.97, "{best}");
    }
    // Exposures are numbers of mutations: those of a sample are all that it has.
    let (_, samples, w) = cells(&bench.read("SBS96-signatures/exposures.tsv"));
    assert_eq!((samples.len(), samples[3].as_str()), (SAMPLES, "tumour 3"));
    for (s, row) in w.iter().enumerate() {
        let all: u64 = (0..96).map(|class| counts(class, s)).sum();
        assert!((row.iter().sum::<f64>() - all as f64).abs() <= 1e-4 * all as f64, "{s}");
    }
    let (columns, _, fits) = cells(&bench.read("SBS96-signatures/samples.tsv"));
    assert_eq!(columns, ["mutations", "cosine", "l1", "l2", "kl"]);
    assert!(fits[..SAMPLES - 1].iter().all(|fit| fit[1] > 0.9 && fit[3] < 0.5 && fit[4] >= 0.0));
    assert!(fits[SAMPLES - 1][0] == 0.0 && fits[SAMPLES - 1][1].is_nan());
    let consensus = bench.read("SBS96-signatures/consensus.tsv");
    assert!(consensus.lines().nth(1).unwrap().starts_with("SBS96A\t6\t"), "{consensus}");
    let run = bench.json("SBS96-signatures/run.json");
    assert_eq!((&run["loss"], &run["transposed"]), (&"kl".into(), &true.into()));
    // The report draws 96 bars, and shows how the number was chosen.
    let page = bench.read("SBS96-signatures/report.html");
    let from = page.find("id=\"report-data\">").unwrap() + "id=\"report-data\">".len();
    let data: Value = serde_json::from_str(page[from..].split("</script>").next().unwrap()).unwrap();
    assert_eq!(data["features"]["geometry"]["kind"], "sbs96");
    assert_eq!(data["components"][0]["name"], "SBS96A");
    assert!(data["components"][0]["stability"].as_f64().unwrap() > 0.9);
    assert_eq!(data["rank"]["advice"]["rank"], 2);
    // What is there is kept, and found again.
    bench.fails("signatures SBS96.all --ranks 1..3 --runs 6 --folds 4", 73, &["--force"]);
    let before = bench.read("SBS96-signatures/W.tsv");
    let said = bench.ok("signatures SBS96.all --ranks 1..3 --runs 6 --folds 4 --force");
    assert!(said.err.contains("33 of 33 fits are done already"), "{}", said.err);
    assert_eq!(bench.read("SBS96-signatures/W.tsv"), before);
    assert!(!bench.exists("SBS96-signatures/report.html"), "of the earlier result");
    // One number out of the same fits.
    let said = bench.ok("signatures SBS96.all --rank 3 --runs 6 --folds 4 --force --max-distance 1.5");
    assert!(said.err.contains("6 of 6 fits are done already"), "{}", said.err);
    assert_eq!(cells(&said.out).1.len(), 3);
}

#[test]
fn every_layout_gives_the_same() {
    let bench = Bench::new();
    let plain = table(|name| name.into());
    bench.write("plain.tsv", &plain);
    bench.ok("signatures plain.tsv --rank 2 --runs 3 -q");
    let (want, w) = (bench.read("plain-signatures/H.tsv"), bench.read("plain-signatures/W.tsv"));

    let (samples, names, values) = cells(&plain);
    let mut turned = format!("sample\t{}\n", names.join("\t"));
    for (s, sample) in samples.iter().enumerate() {
        let cells: Vec<String> = values.iter().map(|row| row[s].to_string()).collect();
        turned += &format!("{sample}\t{}\n", cells.join("\t"));
    }
    bench.write("turned.tsv", turned);
    let mut lines: Vec<&str> = plain.lines().collect();
    lines[1..].reverse();
    bench.write("order.tsv", lines.join("\n") + "\n");
    bench.write(
        "context.tsv",
        table(|c| format!("{}{}{}>{}{}{}", &c[..1], &c[2..3], &c[6..], &c[..1], &c[4..5], &c[6..])),
    );
    let two = table(|c| format!("{}\t{}{}{}", &c[2..5], &c[..1], &c[2..3], &c[6..]));
    bench.write("two.csv", two.replacen("MutationType", "Type\tSubType", 1).replace('\t', ","));
    for name in ["turned.tsv", "order.tsv", "context.tsv", "two.csv"] {
        bench.ok(&format!("signatures {name} --rank 2 --runs 3 --out o --scan s --force -q"));
        assert_eq!((bench.read("o/H.tsv"), bench.read("o/W.tsv")), (want.clone(), w.clone()), "{name}");
    }
    // Numbers alone, with lists of names.
    bench.ok("convert plain.tsv x.npy -q");
    bench.write("classes.txt", classes().join("\n") + "\n");
    bench.write("samples.txt", samples.join("\n") + "\n");
    bench.ok("signatures x.npy --classes classes.txt --samples samples.txt --rank 2 --runs 3 --out o --scan s --force -q");
    assert_eq!((bench.read("o/H.tsv"), bench.read("o/W.tsv")), (want, w));
    bench.fails(
        "signatures x.npy --classes samples.txt --samples classes.txt --rank 2 --samples-in columns --out p",
        65,
        &["do not fit"],
    );
    bench.write("empty.txt", "\n");
    bench.fails(
        "signatures x.npy --classes empty.txt --rank 2 --out p",
        65,
        &["--classes empty.txt: it is empty"],
    );
    bench.fails("signatures x.npy --classes none.txt --rank 2 --out p", 66, &["none.txt"]);
}

#[test]
fn new_samples_are_taken_in_any_layout_too() {
    let bench = Bench::new();
    let plain = table(|name| name.into());
    bench.write("x.tsv", &plain);
    bench.ok("signatures x.tsv --rank 2 --runs 3 --out f -q");
    let want = bench.ok("transform f x.tsv --out -").out;
    let (_, _, fitted) = cells(&bench.read("f/W.tsv"));
    let (names, _, found) = cells(&want);
    assert_eq!(names, ["SBS96A", "SBS96B"]);
    for (a, b) in fitted.iter().flatten().zip(found.iter().flatten()) {
        assert!((a - b).abs() <= 1e-3 * (1.0 + a), "{a} {b}");
    }
    let (samples, names, values) = cells(&plain);
    let mut order: Vec<usize> = (0..96).collect();
    order.sort_by_key(|at| (at * 37) % 96);
    let heads: Vec<String> = order.iter().map(|&at| names[at].to_lowercase()).collect();
    let mut turned = format!("sample\t{}\n", heads.join("\t"));
    for (s, sample) in samples.iter().enumerate() {
        let cells: Vec<String> = order.iter().map(|&at| values[at][s].to_string()).collect();
        turned += &format!("{sample}\t{}\n", cells.join("\t"));
    }
    bench.write("new.tsv", &turned);
    assert_eq!(bench.ok("transform f new.tsv --out -").out, want);
    bench.write("less.tsv", turned.replacen("a[c>a]a", "total", 1));
    bench.fails("transform f less.tsv --out w.tsv", 65, &["missing: 'A[C>A]A'", "none of them: 'total'"]);
    // Numbers without names stay as they were: as in the table of the fit.
    bench.ok("convert x.tsv x.npy -q");
    let unnamed = bench.ok("transform f x.npy --out -").out;
    assert_eq!(unnamed.lines().count(), SAMPLES + 1);
}

#[test]
fn known_ones_are_compared_by_the_names_of_classes() {
    let bench = Bench::new();
    bench.write("x.tsv", table(|name| name.into()));
    let mut known = String::from("Type\tSBS1\tflat\tmixed\n");
    for (at, class) in classes().iter().enumerate().rev() {
        let (a, b) = (signature(0, at), signature(1, at));
        known += &format!("{class}\t{}\t{}\t{}\n", 3.0 * a, b, 0.5 * a + 0.5 * b);
    }
    let silent: String = known.lines().map(|line| format!("{line}\t0\n")).collect();
    let silent = silent.replacen("mixed\t0", "mixed\tsilent", 1);
    // As COSMIC's second version ends its lines.
    let known = known.replace('\n', "\t\t\n");
    bench.write("cosmic.txt", &known);
    let said = bench.ok("signatures x.tsv --rank 2 --runs 3 --reference cosmic.txt --out f --json");
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let signatures = json["signatures"].as_array().unwrap();
    let mut best: Vec<&str> =
        signatures.iter().map(|s| s["reference"]["best"][0]["name"].as_str().unwrap()).collect();
    best.sort_unstable();
    assert_eq!(best, ["SBS1", "flat"]);
    for signature in signatures {
        assert_eq!(signature["reference"]["partner"], signature["reference"]["best"][0]);
        assert!(signature["reference"]["best"][0]["cosine"].as_f64().unwrap() > 0.97);
        let parts = signature["reference"]["parts"].as_array().unwrap();
        let sum: f64 = parts.iter().map(|part| part["share"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
    let (columns, _, values) = cells(&bench.read("f/cosine.tsv"));
    assert_eq!(columns, ["SBS1", "flat", "mixed"]);
    assert!(values.iter().flatten().all(|x| (0.0..=1.0).contains(x)));
    assert!(bench.read("f/reference.tsv").starts_with("signature\tpartner\tpartner_cosine\tbest\t"));
    for (text, words) in [
        (known.replace("T[T>G]T", "N[T>G]T"), vec!["missing: 'T[T>G]T'", "none of them"]),
        (known.replacen("\t0.", "\t-0.", 1), vec!["entries are 0 or more"]),
        (silent, vec!["the entries of 'silent' sum to 0", "leave it out"]),
        ("a\tb\n1\t2\n".to_string(), vec!["has not the 96 classes"]),
    ] {
        bench.write("bad.txt", text);
        bench.fails("signatures x.tsv --rank 2 --reference bad.txt --out g", 65, &words);
        assert!(!bench.exists("g") && !bench.exists("g-scan"), "before the fits");
    }
}

#[test]
fn other_classes_are_taken_as_they_are() {
    let bench = Bench::new();
    let mut text = String::from("id\ta\tb\tc\td\te\n");
    for class in 0..12 {
        let cells: Vec<String> =
            (0..5).map(|s| (1.5 + ((class / 6 + s) % 2 * 20 + (class * s) % 3) as f64).to_string()).collect();
        text += &format!("class {class}\t{}\n", cells.join("\t"));
    }
    bench.write("cn.tsv", &text);
    let said = bench.ok("signatures cn.tsv --rank 2 --runs 4 --reference cn.tsv --out f");
    assert!(
        said.err
            .contains("rows are taken as classes (12 of them: other classes than the 96 of substitutions)"),
        "{}",
        said.err
    );
    assert!(said.err.contains("60 of its entries are not whole numbers"), "{}", said.err);
    let (_, rows, _) = cells(&bench.read("f/signatures.tsv"));
    assert_eq!((rows[3].as_str(), cells(&said.out).1[1].as_str()), ("class 3", "SB"));
    bench.ok("transform f cn.tsv --out -");
    // The other way round, if it is said.
    let said = bench.ok("signatures cn.tsv --samples-in rows --rank 2 --runs 4 --out g --dry-run");
    assert!(said.out.contains("12 samples, 5 classes\n") && !bench.exists("g"), "{}", said.out);
}

#[test]
fn what_cannot_be_is_refused_before_it_takes_time() {
    let bench = Bench::new();
    let plain = table(|name| name.into());
    bench.write("x.tsv", &plain);
    bench.fails("signatures x.tsv --rank 2 --runs 1", 2, &["2 runs or more"]);
    bench.fails("signatures x.tsv --rank 25", 2, &["--rank 25", "24 samples", "96 classes"]);
    bench.fails("signatures x.tsv --rank 2 --ranks 1..3", 2, &["cannot be used with"]);
    bench.fails("signatures x.tsv --rank 2 --samples-in rows", 65, &["rows are named after them"]);
    bench.fails("signatures x.tsv --rank 2 --groups x.tsv", 2, &["add --report"]);
    let line = plain.lines().nth(5).unwrap();
    bench.write("bad.tsv", plain.replace(line, ""));
    bench.fails("signatures bad.tsv", 65, &["not the 96 classes, once each; missing: 'C[C>A]A'"]);
    bench.write("bad.tsv", format!("{plain}{line}\n"));
    bench.fails("signatures bad.tsv", 65, &["there a second time: 'C[C>A]A'"]);
    bench.write("bad.tsv", plain.replacen("\t1", "\t-1", 1));
    bench.fails(
        "signatures bad.tsv",
        65,
        &["-1", "at class '", "of sample 'tumour", "finite and not negative"],
    );
    bench.write("bad.tsv", plain.replacen("\t1", "\tnan", 1));
    let said = bench.fails("signatures bad.tsv", 65, &["NaN", "of sample 'tumour"]);
    // Nothing is advised that this command has not.
    assert!(!said.err.contains("--missing") && !said.err.contains("--transpose"), "{}", said.err);
    bench.fails("signatures nowhere.tsv --rank 0", 2, &["rank = 0: at least one component"]);
    let zeros =
        table(|name| name.into()).lines().skip(1).fold(String::from("MutationType\ta\tb\n"), |text, line| {
            text + line.split('\t').next().unwrap() + "\t0\t0\n"
        });
    bench.write("bad.tsv", zeros);
    bench.fails("signatures bad.tsv", 65, &["no sample has a mutation"]);
    for bad in ["", "\0\u{1}binary\0", "MutationType\n", "MutationType\ta\n", "A[C>A]A\n"] {
        bench.write("bad.tsv", bad);
        assert_eq!(bench.call("signatures bad.tsv").code, 65, "{bad:?}");
    }
    bench.fails("signatures nowhere.tsv", 66, &["nowhere.tsv"]);
    // The folder of the fits is nobody else's.
    std::fs::create_dir(bench.path("mine")).unwrap();
    bench.write("mine/thesis.tex", "all of it");
    bench.fails("signatures x.tsv --rank 2 --scan mine", 73, &["not the folder of a scan"]);
    for scan in ["both", "./both/"] {
        bench.fails(
            &format!("signatures x.tsv --rank 2 --out both --scan {scan}"),
            2,
            &["a folder of their own"],
        );
    }
    assert_eq!(bench.names(), ["bad.tsv", "mine", "x.tsv"]);
}
