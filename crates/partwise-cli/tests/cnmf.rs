//! A consensus in the layout of cNMF.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::Bench;

/// Cells of two programs over six genes, and a gene that does not vary.
fn cells() -> String {
    let mut text = String::from("cell\tg1\tg2\tg3\tg4\tg5\tg6\n");
    for i in 0..30 {
        let (a, b) = (1 + i * 7 % 11, 1 + i * 5 % 13);
        let row: Vec<String> = [4 * a, a, 2 * a + b, 3 * b, b, 2].iter().map(|x| x.to_string()).collect();
        text += &format!("c{i}\t{}\n", row.join("\t"));
    }
    text
}

type Table = (Vec<String>, Vec<String>, Vec<Vec<f64>>);

fn table(text: &str) -> Table {
    let bare = |cell: &str| cell.trim_matches('"').to_string();
    let mut lines = text.lines().map(|line| line.split('\t').map(bare).collect::<Vec<_>>());
    let columns = lines.next().unwrap()[1..].to_vec();
    let rows: Vec<Vec<String>> = lines.collect();
    let values = rows.iter().map(|row| row[1..].iter().map(|x| x.parse().unwrap()).collect()).collect();
    (columns, rows.iter().map(|row| row[0].clone()).collect(), values)
}

#[test]
fn tables_are_named_and_laid_out_as_cnmf_has_them() {
    let bench = Bench::new();
    bench.write("x.tsv", cells());
    bench.ok("rank x.tsv --ranks 2 --runs 5 --folds 0 --shuffled 0 --loss kl --out s -q");
    std::fs::create_dir(bench.path("run")).unwrap();
    bench.ok("consensus x.tsv --scan s --rank 2 --out run/cells --layout cnmf");
    let read = |what: &str| table(&bench.read(&format!("run/cells/cells.{what}.txt")));
    let genes: Vec<String> = (1..=6).map(|j| format!("g{j}")).collect();

    let (columns, rows, spectra) = read("spectra.k_2.dt_0_5.consensus");
    assert_eq!((&columns, rows), (&genes, vec!["1".to_string(), "2".into()]));
    assert!(spectra.iter().all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-9));
    let (columns, rows, usages) = read("usages.k_2.dt_0_5.consensus");
    assert_eq!((columns, rows.len(), rows[4].as_str()), (vec!["1".to_string(), "2".into()], 30, "c4"));
    let x = table(&cells()).2;
    for (row, usage) in x.iter().zip(&usages) {
        // kl with W at its optimum: what a cell has in all.
        assert!((row.iter().sum::<f64>() - usage.iter().sum::<f64>()).abs() < 1e-3 * row.iter().sum::<f64>());
    }
    // Spectra per million reproduce X per million by shares of usage.
    let (columns, _, tpm) = read("gene_spectra_tpm.k_2.dt_0_5");
    assert_eq!(columns, genes);
    let mut off = (0.0, 0.0);
    for (row, usage) in x.iter().zip(&usages) {
        let (all, used) = (row.iter().sum::<f64>(), usage.iter().sum::<f64>());
        for j in 0..6 {
            let want = row[j] / all * 1e6;
            let got: f64 = (0..2).map(|c| usage[c] / used * tpm[c][j]).sum();
            off = (off.0 + (want - got).abs(), off.1 + want);
        }
    }
    assert!(off.0 < 0.1 * off.1, "{off:?}");
    let (columns, _, scores) = read("gene_spectra_score.k_2.dt_0_5");
    assert_eq!((columns, scores.len()), (genes, 2));
    // g1 is of the one program, g4 of the other.
    assert!((scores[0][0] - scores[1][0]) * (scores[0][3] - scores[1][3]) < 0.0, "{scores:?}");

    // The folder is that of a fit all the same, and its tables go with it.
    let run = bench.json("run/cells/run.json");
    assert_eq!(run["files"]["others"].as_array().unwrap().len(), 6);
    bench.ok("transform run/cells x.tsv --out -");
    bench.ok("consensus x.tsv --scan s --rank 2 --out run/cells --layout cnmf --max-distance 1.0 --force");
    assert!(bench.exists("run/cells/cells.usages.k_2.dt_1_0.consensus.txt"));
    assert!(!bench.exists("run/cells/cells.usages.k_2.dt_0_5.consensus.txt"), "of the earlier result");
    bench.ok("consensus x.tsv --scan s --rank 2 --out run/cells --force");
    assert!(!bench.exists("run/cells/cells.usages.k_2.dt_1_0.consensus.txt"));
}

#[test]
fn what_cannot_be_said_is_left_out_and_said() {
    let bench = Bench::new();
    bench.write("x.tsv", cells().replacen("\t2\n", "\t\n", 3));
    bench.ok("rank x.tsv --missing nan --ranks 2 --runs 4 --folds 0 --loss kl --out s -q");
    let said = bench.ok("consensus x.tsv --missing nan --scan s --rank 2 --out c --layout cnmf");
    assert!(said.err.contains("gene_spectra_score are left out: not all entries of X count"), "{}", said.err);
    assert!(bench.exists("c/c.spectra.k_2.dt_0_5.consensus.txt"));
    assert!(!bench.exists("c/c.gene_spectra_tpm.k_2.dt_0_5.txt"));
    bench.write("y.tsv", cells());
    bench.ok("rank y.tsv --ranks 2 --runs 4 --folds 0 --shuffled 0 --free w --out f -q");
    bench.fails("consensus y.tsv --scan f --rank 2 --out d --layout cnmf", 2, &["without negative entries"]);
    assert!(!bench.exists("d"));
}
