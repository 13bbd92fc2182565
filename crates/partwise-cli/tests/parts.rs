//! Components of fits and scans: consensus, top, match, and the report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::Bench;
use serde_json::Value;

/// Two kinds of samples, with names: of the words of the one kind or of the other.
fn documents() -> String {
    let mut text = String::from("id\tapple\tpear\tplum\tbolt\tnut\tscrew\n");
    for i in 0..24 {
        let kind = i % 2;
        let row: Vec<String> = (0..6)
            .map(|j| if j / 3 == kind { 3 + (i * 5 + j * 2) % 4 } else { (i + j) % 7 / 6 }.to_string())
            .collect();
        text += &format!("d{i}\t{}\n", row.join("\t"));
    }
    text
}

#[test]
fn features_come_by_name() {
    let bench = Bench::new();
    bench.write("x.tsv", documents());
    bench.ok("fit x.tsv --rank 2 --loss kl --out f");
    let top = bench.ok("top f -n 3").out;
    let lines: Vec<Vec<&str>> = top.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines[0], ["component", "place", "feature", "weight", "lift", "specificity"]);
    let first: Vec<&str> = lines[1..4].iter().map(|line| line[2]).collect();
    let fruit = ["apple", "pear", "plum"];
    assert!(
        first.iter().all(|name| fruit.contains(name)) || first.iter().all(|name| !fruit.contains(name)),
        "{top}"
    );
    let json: Value = serde_json::from_str(&bench.ok("top f -n 1 --by lift --json").out).unwrap();
    assert_eq!(json["components"][1]["features"].as_array().unwrap().len(), 1);
    bench.fails("top nothing", 66, &["run.json"]);
}

#[test]
fn components_are_paired_by_name() {
    let bench = Bench::new();
    bench.write("x.tsv", documents());
    bench.ok("fit x.tsv --rank 2 --loss kl --out f");
    // The same components, the other way round, with features in another order.
    bench.ok("fit x.tsv --rank 2 --loss kl --format tsv --out t");
    let table: Vec<Vec<String>> = bench
        .read("t/H.tsv")
        .lines()
        .map(|line| line.split('\t').map(|cell| cell.trim_matches('"').to_string()).collect())
        .collect();
    let turned = |row: &[String]| {
        let mut cells = row[1..].to_vec();
        cells.reverse();
        cells.join("\t")
    };
    bench.write(
        "other.tsv",
        format!("id\t{}\nB\t{}\nA\t{}\n", turned(&table[0]), turned(&table[2]), turned(&table[1])),
    );
    let said = bench.ok("match f other.tsv");
    assert!(said.err.contains("by their names"), "{}", said.err);
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(
        lines[1].starts_with("component_1\tA\t") && lines[2].starts_with("component_2\tB\t"),
        "{}",
        said.out
    );
    let cosine: f64 = lines[1].rsplit('\t').next().unwrap().parse().unwrap();
    assert!(cosine > 1.0 - 1e-9);
    bench.write("less.tsv", "id\tapple\tpear\nA\t1\t2\n");
    bench.fails("match f less.tsv", 65, &["there is no 'plum'"]);
}

#[test]
fn runs_agree_on_components_and_w_is_solved_for_them() {
    let bench = Bench::new();
    bench.write("x.tsv", documents());
    bench.ok("rank x.tsv --ranks 2..3 --runs 6 --folds 0 --loss kl --out s");
    bench.ok("consensus x.tsv --scan s --rank 2 --out c --report");
    let table = bench.read("c/consensus.tsv");
    assert!(table.lines().nth(1).unwrap().starts_with("component_1\t6\t"), "{table}");
    let run = bench.json("c/run.json");
    assert_eq!(run["files"]["others"], serde_json::json!(["consensus.tsv", "H_spread.npy", "report.html"]));
    assert!(run["relative_error"].as_f64().unwrap() < 0.5);
    bench.ok("transform c x.tsv --out -");
    bench.fails("consensus x.tsv --scan s --rank 5 --out d", 65, &["0 runs of rank 5", "--ranks 5"]);
    bench.write("y.tsv", documents().replace('3', "4"));
    bench.fails("consensus y.tsv --scan s --rank 2 --out d", 65, &["not the matrix of s", "other data"]);
    bench.fails("consensus x.tsv --scan s --rank 2 --out d --max-distance 0", 2, &["a distance above 0"]);
    bench.fails(
        "consensus x.tsv --scan nowhere --rank 2 --out d",
        66,
        &["folder of a scan", "partwise rank"],
    );
    // Components that were normalized in another way have length 1 here too.
    bench.ok("rank x.tsv --ranks 2 --runs 3 --folds 0 --normalize l1 --out n");
    bench.ok("consensus x.tsv --scan n --rank 2 --out e");
    // Its report says what it is of, at once and from the folder.
    bench.ok("report c --out again.html");
    for page in ["c/report.html", "again.html"] {
        let data = data_of(&bench.read(page));
        let taken = &run["consensus"];
        assert!(taken["runs"] == 6 && taken["left_out"].is_number());
        assert_eq!(
            data["consensus"],
            serde_json::json!({"rank": 2, "runs": 6, "left_out": taken["left_out"]})
        );
        for (line, part) in table.lines().skip(1).zip(data["components"].as_array().unwrap()) {
            let cells: Vec<f64> = line.split('\t').skip(1).map(|cell| cell.parse().unwrap()).collect();
            assert_eq!((part["runs"].as_f64(), part["stability"].as_f64()), (Some(cells[0]), Some(cells[1])));
            assert!(part["top"][0][4].is_number(), "{page}");
        }
    }
}

/// The data of a report.
fn data_of(page: &str) -> Value {
    let from = page.find("id=\"report-data\">").unwrap() + "id=\"report-data\">".len();
    serde_json::from_str(page[from..].split("</script>").next().unwrap()).unwrap()
}

#[test]
fn reports_show_what_was_found_and_no_place_of_it() {
    let bench = Bench::new();
    bench.write("x.tsv", documents().replace("apple", "</script><b>"));
    let groups: String =
        (0..24).map(|i| format!("d{i}\t{}\n", if i % 2 == 0 { "fruit" } else { "iron" })).collect();
    bench.write("kind.tsv", groups);
    let input = bench.path("x.tsv").display().to_string();
    bench.ok(&format!("fit {input} --rank 2 --loss kl --out f --report --groups kind.tsv --words"));
    let (page, run) = (bench.read("f/report.html"), bench.json("f/run.json"));
    let folder = bench.path("x.tsv").parent().unwrap().display().to_string();
    assert!(!page.contains(&folder), "{folder}");
    let data = data_of(&page);
    for name in ["relative_error", "objective", "kkt_residual", "iterations", "shares"] {
        assert_eq!(data["run"][name], run[name], "{name}");
    }
    assert_eq!(data["features"]["names"][0], "</script><b>");
    assert_eq!(data["samples"]["groups"][0]["levels"], serde_json::json!(["fruit", "iron"]));
    assert!(data["worst"]["rows"][0][1].as_f64().unwrap() > 0.0);
    // Made again from the folder, with what a scan says.
    bench.ok("rank x.tsv --ranks 1..3 --runs 3 --folds 3 --loss kl --out s --report");
    assert!(data_of(&bench.read("s/report.html"))["rank"]["ranks"].as_array().unwrap().len() == 3);
    let said = bench.ok("report f --scan s --title Orchard --out again.html");
    assert!(said.err.contains("again.html"), "{}", said.err);
    let data = data_of(&bench.read("again.html"));
    assert_eq!(
        (&data["title"], data["rank"]["advice"]["rank"].is_u64()),
        (&serde_json::json!("Orchard"), true)
    );
    assert!(data["components"][0]["stability"].as_f64().unwrap() > 0.9);
    bench.fails("report f --image 3x3", 2, &["there are 6 features"]);
    bench.write("short.txt", "a\nb\n");
    bench.fails("report f --groups short.txt", 65, &["2 lines for 24 samples"]);
    bench.fails("report nothing", 66, &["run.json"]);
    bench.fails("report f --groups none.txt", 66, &["none.txt"]);
    // Nothing that is there is replaced without being asked, and nothing is computed in vain.
    bench.fails("report f --out x.tsv", 73, &["--force"]);
    bench.fails("fit x.tsv --rank 2 --out g --report --groups short.txt", 65, &["2 lines for 24 samples"]);
    bench.fails("fit x.tsv --rank 2 --out g --words", 2, &["add --report"]);
    assert!(!bench.exists("g"));
    bench.write("y.tsv", documents().replace('3', "4"));
    bench.ok("rank y.tsv --ranks 1..2 --runs 2 --folds 0 --out other");
    bench.fails("report f --scan other", 65, &["other data"]);
    // Two columns less.
    let narrow: String =
        documents().lines().map(|line| line.rsplitn(3, '\t').last().unwrap().to_string() + "\n").collect();
    bench.write("z.tsv", narrow);
    bench.ok("rank z.tsv --ranks 1..2 --runs 2 --folds 0 --out narrow");
    let words = ["H of the fit in f has 6 features", "the scan in narrow", "the scan of the same data"];
    bench.fails("report f --scan narrow --force", 65, &words);
}

/// As those of a fit, in every file.
#[test]
fn components_that_runs_agree_on_come_by_their_shares() {
    let bench = Bench::new();
    // Nothing but noise, of which every run finds other parts.
    let cell = |i: usize, j: usize| ((i * i * 31 + j * j * 17 + i * j * 7 + i * 3) % 101) as f64 / 10.0;
    let row = |i: usize| (0..12).map(|j| cell(i, j).to_string()).collect::<Vec<_>>().join("\t") + "\n";
    let header = (0..12).map(|j| format!("f{j}")).collect::<Vec<_>>().join("\t") + "\n";
    bench.write("x.tsv", header + &(0..30).map(row).collect::<String>());
    bench.ok("rank x.tsv --ranks 3..8 --runs 5 --folds 0 --shuffled 0 --out s -q");
    for rank in 3..9 {
        let out = format!("c{rank}");
        let to = format!("--rank {rank} --max-distance 1.4 --layout cnmf --format tsv --out {out}");
        bench.ok(&format!("consensus x.tsv --scan s {to}"));
        let run = bench.json(&format!("{out}/run.json"));
        let shares: Vec<f64> =
            run["shares"].as_array().unwrap().iter().map(|share| share.as_f64().unwrap()).collect();
        assert!(shares.is_sorted_by(|a, b| a >= b), "{rank}: {shares:?}");
        // Row by row, the spectra are H at sum 1.
        let spectra = bench.read(&format!("{out}/{out}.spectra.k_{rank}.dt_1_4.consensus.txt"));
        let h = bench.read(&format!("{out}/H.tsv"));
        let numbers =
            |line: &str| -> Vec<f64> { line.split('\t').skip(1).map(|x| x.parse().unwrap()).collect() };
        for (a, b) in spectra.lines().zip(h.lines()).skip(1) {
            let (a, b) = (numbers(a), numbers(b));
            let sum: f64 = b.iter().sum();
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b / sum).abs() < 1e-9), "{a:?} {b:?}");
        }
        assert_eq!(bench.read(&format!("{out}/consensus.tsv")).lines().count(), rank + 1);
    }
}
