//! `partwise images`: pictures in, parts out, and new pictures through the same model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::Bench;
use serde_json::Value;

/// A picture of 4 x 3 pixels as PGM: bars across and bars down, each more or less bright.
fn pgm(i: usize) -> Vec<u8> {
    let parts = [
        [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0],
    ];
    let weights = [i * 7 % 5, i * 3 % 4, i * 11 % 6];
    let pixel = |j: usize| (0..3).map(|c| 20 * weights[c] * parts[c][j]).sum::<usize>() as u8;
    let mut bytes = b"P5 3 4 255\n".to_vec();
    bytes.extend((0..12).map(pixel));
    bytes
}

/// A folder of such pictures.
fn pictures(bench: &Bench, folder: &str, numbers: std::ops::Range<usize>) {
    std::fs::create_dir_all(bench.path(folder)).unwrap();
    numbers.for_each(|i| bench.write(&format!("{folder}/{i:02}.pgm"), pgm(i)));
}

/// The same pictures as one idx file.
fn idx(numbers: std::ops::Range<usize>) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, numbers.len() as u8, 0, 0, 0, 4, 0, 0, 0, 3];
    numbers.for_each(|i| bytes.extend(&pgm(i)[11..]));
    bytes
}

/// The same as a .npy whose columns are pictures, each column by column.
fn columns(count: usize) -> Vec<u8> {
    let mut text = format!("{{'descr': '|u1', 'fortran_order': True, 'shape': (12, {count}), }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    for i in 0..count {
        let picture = pgm(i)[11..].to_vec();
        bytes.extend((0..12).map(|j| picture[j % 4 * 3 + j / 4]));
    }
    bytes
}

/// The numbers of a table, without the names of rows and of columns, as far as it has them.
fn table(text: &str) -> Vec<Vec<f64>> {
    let numbers = |line: &str| line.split('\t').filter_map(|cell| cell.parse().ok()).collect::<Vec<f64>>();
    text.lines().map(numbers).filter(|row| !row.is_empty()).collect()
}

fn difference(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn a_folder_of_pictures_becomes_parts() {
    let bench = Bench::new();
    pictures(&bench, "bars", 0..30);
    bench.write("bars/notes.txt", "x");
    let said = bench.ok("images bars --rank 3 --format tsv --report");
    assert_eq!(said.out, "");
    for words in [
        "bars: 30 x 12, dense",
        "30 pictures of 4 x 3 pixels, values black to white as 0 to 1",
        "1 other file left out: 'notes.txt'",
        "loss frobenius, rule hals",
        "reconstruction.png",
    ] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let run = bench.json("bars-rank3/run.json");
    assert!(run["relative_error"].as_f64().unwrap() < 1e-3, "{}", run["relative_error"]);
    assert_eq!((&run["precision"], &run["data"]["format"]), (&"f32".into(), &"pnm".into()));
    assert_eq!(
        run["files"]["others"],
        serde_json::json!(["images.json", "reconstruction.png", "report.html"])
    );
    let schema = std::fs::read_to_string(common::root().join("docs/run.schema.json")).unwrap();
    common::check(&serde_json::from_str(&schema).unwrap(), &run, "run");
    let pictured = bench.json("bars-rank3/images.json");
    assert_eq!(
        (&pictured["height"], &pictured["width"], &pictured["order"]),
        (&4.into(), &3.into(), &"rows".into())
    );
    for name in ["parts.png", "reconstruction.png"] {
        let bytes = std::fs::read(bench.path(&format!("bars-rank3/{name}"))).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{name}");
    }
    assert!(bench.read("bars-rank3/W.tsv").contains("\n07.pgm\t"));
    let html = bench.read("bars-rank3/report.html");
    assert!(html.contains(r#""geometry":{"height":4,"kind":"picture","order":"rows","width":3}"#));
    // The report that is made later knows as much.
    bench.ok("report bars-rank3 --out again.html -q");
    assert!(bench.read("again.html").contains(r#""order":"rows","width":3"#));
    // A second time only with --force, and the results are no pictures.
    bench.fails("images bars --rank 3", 73, &["--force"]);
    bench.ok("images . --rank 3 --out inside -q");
    let said = bench.ok("images . --rank 3 --out inside --force");
    assert!(
        said.err.contains("30 pictures") && said.err.contains("2 result folders left out"),
        "{}",
        said.err
    );
}

/// A folder, an idx file and the columns of a matrix are the same data, and give the same fit.
#[test]
fn every_way_in_gives_the_same_fit() {
    let bench = Bench::new();
    pictures(&bench, "bars", 0..30);
    bench.write("bars.idx", idx(0..30));
    bench.write("bars.npy", columns(30));
    bench.ok("images bars --rank 3 --out a -q --format tsv");
    bench.ok("images bars.idx --rank 3 --out b -q --format tsv");
    bench.ok("images bars.npy --rank 3 --out c -q --format tsv --size 4x3 --transpose --column-major");
    bench.ok("images bars --rank 3 --out d -q --format tsv --column-major");
    let run = |out: &str| bench.json(&format!("{out}/run.json"));
    assert_eq!(run("a")["data"]["hash"], run("b")["data"]["hash"]);
    assert_eq!(run("c")["data"]["hash"], run("d")["data"]["hash"]);
    assert_ne!(run("a")["data"]["hash"], run("c")["data"]["hash"]);
    let png = |out: &str| std::fs::read(bench.path(&format!("{out}/parts.png"))).unwrap();
    assert_eq!(png("a"), png("b"));
    assert_eq!(png("c"), png("d"));
    assert!(bench.read("c/images.json").contains(r#""order": "columns""#));
    // The order of pixels is no part of what is seen: sums over pixels may round otherwise.
    let (a, c) = (table(&bench.read("a/H.tsv")), table(&bench.read("c/H.tsv")));
    let turned: Vec<Vec<f64>> =
        c.iter().map(|row| (0..12).map(|j| row[j % 3 * 4 + j / 3]).collect()).collect();
    assert!(difference(&a, &turned) < 1e-3, "{}", difference(&a, &turned));
    bench.ok("report c --out c.html -q");
    assert!(bench.read("c.html").contains(r#""order":"columns","width":3"#));
}

#[test]
fn new_pictures_go_through_the_model() {
    let bench = Bench::new();
    pictures(&bench, "bars", 0..30);
    bench.ok("images bars --rank 3 --out m -q --format tsv --tol 1e-7");
    let w = table(&bench.read("m/W.tsv"));
    let size = w.iter().flatten().fold(0.0f64, |a, b| a.max(*b));
    // The same pictures: a folder, an idx file, a single one, and as a matrix of numbers.
    let said = bench.ok("transform m bars --out -");
    assert!(said.out.contains("\n07.pgm\t"), "{}", said.out);
    assert!(difference(&w, &table(&said.out)) < 2e-3 * size);
    bench.write("bars.idx.gz", gzipped(&idx(0..30)));
    assert!(difference(&w, &table(&bench.ok("transform m bars.idx.gz --out - -q").out)) < 2e-3 * size);
    let one = table(&bench.ok("transform m bars/07.pgm --out - -q").out);
    assert!(difference(&w[7..8], &one) < 2e-3 * size);
    let numbers = |i: usize| {
        let row: Vec<String> = pgm(i)[11..].iter().map(|&x| (f64::from(x) / 255.0).to_string()).collect();
        row.join(",") + "\n"
    };
    bench.write("x.csv", (0..30).map(numbers).collect::<String>());
    assert!(difference(&w, &table(&bench.ok("transform m x.csv --out - -q").out)) < 2e-3 * size);
    // Another size is refused, unless the fit resized.
    bench.write("wide.pgm", b"P5 6 4 255\nabcdefabcdefabcdefabcdef");
    bench.fails(
        "transform m wide.pgm --out -",
        65,
        &["'wide.pgm' has shape 4x6: the pictures of the fit are 4x3"],
    );
    bench.ok("images bars --rank 3 --out r -q --size 4x3");
    let said = bench.ok("transform r wide.pgm --out -");
    assert!(said.err.contains("1 picture resized"), "{}", said.err);
    // Pixels by columns, and columns of a matrix.
    bench.write("bars.npy", columns(30));
    bench.ok(
        "images bars.npy --rank 3 --out c -q --format tsv --size 4x3 --transpose --column-major --tol 1e-7",
    );
    let w = table(&bench.read("c/W.tsv"));
    for input in ["bars", "bars.npy", "bars.idx.gz"] {
        let found = table(&bench.ok(&format!("transform c {input} --out - -q")).out);
        assert!(difference(&w, &found) < 2e-3 * size, "{input}");
    }
    // A folder of pictures is for a model of pictures.
    bench.ok("fit x.csv --rank 3 --out f -q");
    bench.fails("transform f bars --out -", 66, &["'bars' is a folder"]);
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn what_is_said_of_pictures_is_checked_when_it_is_read_again() {
    let bench = Bench::new();
    pictures(&bench, "bars", 0..12);
    bench.ok("images bars --rank 2 --out m -q --invert");
    let text = bench.read("m/images.json");
    assert!(text.contains(r#""invert": true"#));
    for (change, words) in [
        (("\"height\": 4", "\"height\": 5"), "pictures of 5x3 pixels, and H has 12 columns"),
        (("\"height\": 4", "\"height\": 9999999999999999"), "H has 12 columns"),
        (("\"height\": 4", "\"height\": -4"), "images.json"),
        (("\"rows\"", "\"diagonals\""), "diagonals"),
        (("\"schema_version\": 1", "\"schema_version\": 7"), "schema_version is 7"),
        (("0.299 R", "0.3 R"), "grey is '0.3 R"),
        (("{", "["), "images.json"),
    ] {
        bench.write("m/images.json", text.replacen(change.0, change.1, 1));
        for command in ["transform m bars --out -", "report m --out r.html"] {
            bench.fails(command, 65, &["images.json", words]);
        }
    }
    std::fs::remove_file(bench.path("m/images.json")).unwrap();
    bench.fails("transform m bars --out -", 65, &["images.json", "copy the whole folder"]);
    bench.write("m/images.json", &text);
    bench.ok("transform m bars --out - -q");
}

#[test]
fn mistakes_are_told_before_anything_is_written() {
    let bench = Bench::new();
    pictures(&bench, "bars", 0..12);
    bench.fails("images bars --rank 2 --out bars --force", 2, &["among the pictures"]);
    bench.fails("images bars --rank 2 --transpose", 2, &["--transpose is for a .npy"]);
    bench.fails("images bars --rank 2 --groups g.txt", 2, &["--report"]);
    bench.fails("images nowhere --rank 2", 66, &["'nowhere' does not exist"]);
    bench.fails("images bars", 2, &["--rank"]);
    bench.fails("images --rank 2", 2, &["PATH"]);
    bench.fails("images bars --rank 2 --size 0x3", 2, &["height and a width"]);
    bench.fails("images bars --rank 2 --size 1000000x1000000", 71, &["needs at least"]);
    bench.fails("images bars --rank 2 --memory-limit 100B", 71, &["raise --memory-limit"]);
    bench.write("bars/wide.pgm", b"P5 6 4 255\nabcdefabcdefabcdefabcdef");
    let words = ["'bars/wide.pgm' has shape 4x6: '00.pgm' is 4x3", "give --size HxW to resize"];
    bench.fails("images bars --rank 2", 65, &words);
    std::fs::remove_file(bench.path("bars/wide.pgm")).unwrap();
    bench.write("bars/bad.png", b"\x89PNG\r\n\x1a\n");
    bench.fails("images bars --rank 2", 65, &["bars/bad.png", "damaged"]);
    let said = bench.ok("images bars --rank 2 --skip-bad");
    assert!(said.err.contains("1 file left out that cannot be read; 'bars/bad.png'"), "{}", said.err);
    std::fs::create_dir(bench.path("none")).unwrap();
    bench.fails("images none --rank 2", 65, &["no picture in this folder", ".png, .jpg"]);
    bench.write("x.csv", "1,2\n3,4\n");
    bench.fails("images x.csv --rank 1", 65, &["`partwise fit` reads matrices, with --image HxW"]);
    // Results do not replace a picture that they are made of.
    bench.ok("images bars --rank 2 --skip-bad --out sub -q");
    bench.write("bars/parts.png", std::fs::read(bench.path("sub/parts.png")).unwrap());
    bench.fails("images bars/parts.png --rank 2 --out bars --force", 2, &["would replace the input"]);
    assert_eq!(bench.names(), ["bars", "bars-rank2", "none", "sub", "x.csv"]);
}

#[test]
fn a_dry_run_and_json_are_as_those_of_fit() {
    let bench = Bench::new();
    pictures(&bench, "bars", 0..12);
    let said = bench.ok("images bars --rank 2 --dry-run -q");
    assert!(said.out.contains("X (12, 12) -> W (12, 2), H (2, 12), in f32"), "{}", said.out);
    assert!(said.out.contains("bars-rank2"), "{}", said.out);
    assert_eq!(bench.names(), ["bars"]);
    let said = bench.ok("images bars --rank 2 --json");
    let run: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&run["shape"], said.err.as_str()), (&serde_json::json!([12, 12]), ""));
    // One picture of one pixel.
    bench.write("one.pgm", b"P2 1 1 9 5");
    bench.ok("images one.pgm --rank 1 -q --report");
    bench.write("black.pgm", b"P2 2 1 9 0 0");
    let said = bench.call("images black.pgm --rank 1 --report");
    assert!(!said.err.contains("panicked"), "{}", said.err);
}

/// `fit` and `report` draw pixels that stand by columns as they are.
#[test]
fn a_matrix_may_have_its_pixels_by_columns() {
    let bench = Bench::new();
    pictures(&bench, "bars", 0..30);
    bench.write("bars.npy", columns(30));
    let fit = "fit bars.npy --transpose --rank 3 --precision f32 -q --image 4x3";
    bench.ok(&format!("{fit} --out rows"));
    bench.ok(&format!("{fit} --column-major --out columns --report"));
    assert!(bench.read("columns/report.html").contains(r#""order":"columns""#));
    bench.ok("images bars.npy --transpose --rank 3 -q --size 4x3 --column-major --out pictures");
    let png = |out: &str| std::fs::read(bench.path(&format!("{out}/parts.png"))).unwrap();
    assert_eq!(png("columns"), png("pictures"));
    assert_ne!(png("columns"), png("rows"));
    bench.ok("report columns --out a.html -q");
    assert!(bench.read("a.html").contains(r#""order":"columns""#));
    bench.ok("report rows --out b.html -q");
    assert!(bench.read("b.html").contains(r#""order":"rows""#));
    bench.ok("report rows --column-major --out c.html -q");
    assert!(bench.read("c.html").contains(r#""order":"columns""#));
    bench.fails("fit bars.npy --transpose --rank 3 --column-major", 2, &["--image"]);
    bench.ok("fit bars.npy --transpose --rank 3 --out plain -q");
    bench.fails("report plain --column-major --out d.html", 2, &["--image HxW"]);
}
