//! The other commands, and what all of them share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use common::{Bench, known};

/// Help texts are the interface: they change on purpose only (`INSTA_UPDATE=always` writes them anew).
#[test]
fn help_is_as_it_was() {
    let bench = Bench::new();
    let commands = [
        "",
        "fit",
        "rank",
        "report",
        "consensus",
        "images",
        "signatures",
        "top",
        "match",
        "topics",
        "transform",
        "inspect",
        "convert",
        "demo",
        "completions",
    ];
    for command in commands {
        let said = bench.ok(&format!("{command} --help"));
        let name = if command.is_empty() { "partwise" } else { command };
        insta::assert_snapshot!(format!("help_{name}"), said.out);
    }
    assert!(bench.ok("--version").out.starts_with("partwise "));
    let said = bench.call("");
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("Examples:"), "{}", said.err);
}

#[test]
fn transform_finds_the_w_of_the_fit_again() {
    let bench = Bench::new();
    bench.write("x.csv", known(20));
    for loss in ["frobenius", "kl"] {
        for options in ["", "--normalize l2", "--format csv", "--precision f32"] {
            let out = bench
                .ok(&format!("fit x.csv --rank 2 --loss {loss} --out o --force -q --tol 1e-8 {options}"));
            assert_eq!(out.err, "");
            bench.ok("transform o x.csv --out w.csv --force -q");
            let fitted = if options.contains("csv") {
                bench.read("o/W.csv")
            } else {
                bench.ok("convert o/W.npy W.csv --force -q");
                bench.read("W.csv")
            };
            let (fitted, found) = (numbers(&fitted), numbers(&bench.read("w.csv")));
            assert_eq!(fitted.len(), 40);
            let size = fitted.iter().fold(0.0f64, |a, b| a.max(*b));
            let worst = fitted.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 2e-3 * size, "{loss} {options}: {worst} of {size}");
        }
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split([',', '\n']).filter_map(|cell| cell.parse().ok()).collect()
}

#[test]
fn transform_follows_the_orientation_and_refuses_what_does_not_fit() {
    let bench = Bench::new();
    bench.write("x.csv", known(20));
    bench.ok("fit x.csv --rank 2 --transpose --out o -q");
    let said = bench.ok("transform o x.csv --out -");
    assert!(said.out.starts_with("\tcomponent_1\tcomponent_2\nred\t"), "{}", said.out);
    bench.ok("fit x.csv --rank 2 --out p -q");
    bench.write("narrow.csv", "red,green\n1,2\n");
    bench.fails("transform p narrow.csv --out w.npy", 65, &["3 of the 5 features", "'blue', 'cyan', 'grey'"]);
    bench.write("narrow.csv", "1,2\n3,4\n");
    bench.fails("transform p narrow.csv --out w.npy", 65, &["2 x 2", "5 columns"]);
    bench.fails("transform p x.csv --out w.xls", 2, &[".npy"]);
    bench.write("w.npy", "mine");
    bench.fails("transform p x.csv --out w.npy", 73, &["--force"]);
    bench.fails("transform nowhere x.csv --out v.npy", 66, &["run.json"]);
    bench.fails("transform p/H.npy x.csv --out v.npy", 66, &["'p/H.npy' is a file", "the folder of a fit"]);
    bench.write("p/run.json", "{}");
    bench.fails("transform p x.csv --out v.npy", 65, &["schema_version"]);
    assert_eq!(bench.read("w.npy"), "mine");
}

/// Where both have names, the names say which column is which.
#[test]
fn transform_finds_columns_by_their_names() {
    let bench = Bench::new();
    bench.write("x.csv", known(20));
    // The id first, then the features from the last to the first.
    let turn = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let features: Vec<&str> = cells[1..].iter().rev().copied().collect();
        format!("{},{}\n", cells[0], features.join(","))
    };
    bench.write("turned.csv", known(20).lines().map(turn).collect::<String>());
    let numbers = |text: &str| -> Vec<f64> {
        let cells = text.lines().skip(1).flat_map(|line| line.split('\t').skip(1));
        cells.map(|cell| cell.parse().unwrap()).collect()
    };
    for (loss, turned) in [("frobenius", ""), ("kl", ""), ("kl", " --transpose")] {
        bench.ok("convert x.csv x-t.csv --transpose --force -q");
        bench.ok("convert turned.csv turned-t.csv --transpose --force -q");
        let end = if turned.is_empty() { "" } else { "-t" };
        bench.ok(&format!("fit x{end}.csv{turned} --rank 2 --loss {loss} --out o --force -q"));
        let want = bench.ok(&format!("transform o x{end}.csv --out -"));
        assert!(!want.err.contains("by their names"), "{}", want.err);
        let said = bench.ok(&format!("transform o turned{end}.csv --out -"));
        assert!(said.err.contains("taken by their names"), "{}", said.err);
        let (want, got) = (numbers(&want.out), numbers(&said.out));
        let largest = want.iter().copied().fold(0.0, f64::max);
        let same = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-7 * largest;
        assert!(want.len() == 40 && got.len() == 40 && want.iter().zip(&got).all(same), "{loss}");
    }
    bench.ok("fit x.csv --rank 2 --out o --force -q");
    for (from, to, words) in [
        ("cyan", "teal", vec!["1 of the 5 features of the model is missing: 'cyan'"]),
        ("id,", "id,extra,", vec!["1 of its 6 columns is no feature of the model: 'extra'"]),
        ("id,", "id,red,", vec!["several columns have one name", "'red'"]),
    ] {
        let mut text = known(3).replacen(from, to, 1);
        if from == "id," {
            text = text
                .lines()
                .map(|line| line.replacen("s", "s,", usize::from(line.starts_with('s'))) + "\n")
                .collect();
            text = text.replace("s,0,", "s0,1,").replace("s,1,", "s1,1,").replace("s,2,", "s2,1,");
        }
        bench.write("y.csv", text);
        bench.fails("transform o y.csv --out -", 65, &words);
    }
}

/// Nothing is advised that the command has not.
#[test]
fn advice_is_for_the_command_that_runs() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    bench.ok("fit x.csv --rank 2 --out o -q");
    bench.write("y.csv", known(6).replacen(",4", ",-4", 1));
    let said = bench.fails("fit y.csv --rank 2 --out p", 65, &["-4", "--negatives", "--free", "--mask"]);
    assert!(said.err.contains("semi-NMF"), "{}", said.err);
    let said = bench.fails("transform o y.csv --out -", 65, &["-4", "--mask"]);
    assert!(!said.err.contains("--negatives") && !said.err.contains("--free"), "{}", said.err);
    bench.write("lines.tsv", "a b 5\na c x\nb c 2\n");
    let said = bench.call("signatures lines.tsv --rank 1");
    assert!(said.code == 65 && !said.err.contains("--triplets"), "{}", said.err);
}

#[test]
fn transform_replaces_neither_its_input_nor_its_model() {
    let bench = Bench::new();
    bench.write("x.csv", known(6));
    bench.ok("convert x.csv x.npy -q");
    bench.ok("fit x.csv --rank 2 --out m -q");
    let before = |name: &str| std::fs::read(bench.path(name)).unwrap();
    let was = ["x.npy", "m/H.npy", "m/W.npy"].map(before);
    for force in ["", "--force"] {
        bench.fails(&format!("transform m x.npy --out m/../x.npy {force}"), 2, &["would replace the input"]);
        for file in ["H.npy", "W.npy"] {
            bench.fails(&format!("transform m x.npy --out m/{file} {force}"), 2, &["a file of the model"]);
        }
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("m/H.npy", bench.path("link.npy")).unwrap();
        bench.fails("transform m x.npy --out link.npy --force", 2, &["a file of the model"]);
    }
    assert_eq!(["x.npy", "m/H.npy", "m/W.npy"].map(before), was);
    // Another name in the folder is nobody's.
    bench.ok("transform m x.npy --out m/new.npy -q");
}

#[test]
fn inspect_names_what_is_there() {
    let bench = Bench::new();
    bench.write(
        "x.mtx",
        "%%MatrixMarket matrix coordinate real general\n3 4 5\n1 1 1\n1 1 2\n2 3 -4\n2 4 nan\n1 2 0\n",
    );
    let said = bench.ok("inspect x.mtx --rank 2");
    for words in [
        "3 x 4",
        "1 duplicate added up",
        "1 stored zero dropped",
        "1, the first at row 1, column 2",
        "1 row, 1 column",
        "rank 2 takes",
    ] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    let document: serde_json::Value = serde_json::from_str(&bench.ok("inspect x.mtx --json").out).unwrap();
    assert_eq!(document["duplicates"], 1);
    assert_eq!(document["facts"]["nan"]["first"], serde_json::json!([1, 3]));
    bench.fails("inspect nothing.npy", 66, &["nothing.npy"]);
    bench.write("p.npz", std::fs::read(common::root().join("testdata/attacks/d37_several.npz")).unwrap());
    bench.fails("inspect p.npz", 65, &["--key"]);
}

#[test]
fn convert_keeps_what_it_can_and_says_what_it_cannot() {
    let bench = Bench::new();
    bench.write("x.csv", known(4));
    let said = bench.ok("convert x.csv x.npy");
    assert!(said.err.contains("no room for names"), "{}", said.err);
    bench.fails("convert x.csv x.npy", 73, &["--force"]);
    bench.fails("convert x.csv x.csv --force", 2, &["replace the input"]);
    bench.fails("convert x.csv x.h5", 73, &[".npy"]);
    bench.ok("convert x.csv t.tsv --transpose -q");
    assert!(bench.read("t.tsv").starts_with("\ts0\ts1\ts2\ts3\nred\t"));
}

#[test]
fn demonstrations_run_in_their_own_folder_again_and_again() {
    let bench = Bench::new();
    let said = bench.ok("demo");
    assert!(said.out.contains("@@") && said.err.contains("converged"), "{}", said.err);
    assert!(std::fs::read(bench.path("partwise-demo/parts.png")).unwrap().starts_with(b"\x89PNG"));
    let said = bench.ok("demo counts");
    assert!(said.err.contains("Found 5 of 5 profiles"), "{}", said.err);
    std::fs::create_dir(bench.path("mine")).unwrap();
    bench.write("mine/W.csv", "mine");
    bench.fails("demo --out mine", 73, &["--force"]);
    assert_eq!(bench.read("mine/W.csv"), "mine");
}

#[test]
fn completions_are_written_for_every_shell() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(bench.ok(&format!("completions {shell}")).out.contains("transform"), "{shell}");
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    /// Enough work for minutes, were it not stopped.
    fn start(bench: &Bench, out: &str) -> std::process::Child {
        let mut text = String::new();
        for i in 0..400 {
            let row: Vec<String> = (0..300).map(|j| ((i * 31 + j * 17) % 101).to_string()).collect();
            text += &(row.join(",") + "\n");
        }
        bench.write("big.csv", text);
        let mut command =
            bench.command(&format!("fit big.csv --rank 40 --tol 0 --max-iter 100000000 --out {out} -v"));
        command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }

    fn wait_for_iterations(child: &mut std::process::Child) {
        use std::io::{BufRead, BufReader};
        let err = child.stderr.take().unwrap();
        let mut lines = BufReader::new(err).lines();
        assert!(
            lines.any(|line| line.unwrap().contains("iteration 1,")),
            "the first iteration is said with -v"
        );
        // The rest is read, so that the program does not meet a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
    }

    fn signal(child: &std::process::Child, name: &str) {
        let done =
            std::process::Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    #[test]
    fn a_signal_keeps_the_work() {
        for (name, code) in [("INT", 130), ("TERM", 143)] {
            let bench = Bench::new();
            let mut child = start(&bench, "o");
            wait_for_iterations(&mut child);
            signal(&child, name);
            let status = child.wait().unwrap();
            assert_eq!(status.code(), Some(code));
            let run = bench.json("o/run.json");
            assert_eq!(run["status"], "interrupted");
            assert!(run["iterations"].as_u64().unwrap() > 0);
            assert!(bench.exists("o/W.npy") && bench.exists("o/H.npy"));
            assert_eq!(bench.names(), ["big.csv", "o"]);
        }
    }

    #[test]
    fn a_signal_before_there_is_work_leaves_nothing() {
        let bench = Bench::new();
        let mut command = bench.command("fit - --rank 2 --out o");
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while bench.names().is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(bench.names().len(), 1, "the folder is being prepared");
        // Waiting closes standard input, which would end the reading.
        let _open = child.stdin.take();
        signal(&child, "INT");
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(bench.names().is_empty(), "{:?}", bench.names());
    }

    #[test]
    fn a_limit_on_the_size_of_files_is_an_error_that_leaves_nothing() {
        let bench = Bench::new();
        bench.write("x.csv", known(2000));
        for arguments in ["fit x.csv --rank 2 --out o --tol 1 -q", "convert x.csv x.npy -q"] {
            let program = bench.command("").get_program().to_os_string();
            let output = std::process::Command::new("sh")
                .args(["-c", "ulimit -f 8; exec \"$@\"", "sh"])
                .arg(program)
                .args(arguments.split_whitespace())
                .current_dir(bench.path("."))
                .output()
                .unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(74), "{arguments}: {err}");
            let file = if arguments.starts_with("fit") { "'o/W.npy'" } else { "'x.npy'" };
            assert!(err.contains(&format!("{file} could not be written")), "{err}");
            assert_eq!(bench.names(), ["x.csv"], "{arguments}");
        }
    }

    #[test]
    fn a_signal_in_the_first_moment_leaves_nothing() {
        let bench = Bench::new();
        for wait in (0..40).map(|i| Duration::from_micros(i * 250)) {
            let mut command = bench.command("fit - --rank 2 --out o");
            let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            let _open = child.stdin.take();
            std::thread::sleep(wait);
            signal(&child, "INT");
            assert!(!child.wait().unwrap().success());
            assert!(bench.names().is_empty(), "{wait:?}: {:?}", bench.names());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_killed_fit_has_left_goes_away_with_the_next() {
        let bench = Bench::new();
        bench.write("x.csv", known(6));
        let begun = || {
            let before = bench.names();
            let mut command = bench.command("fit - --rank 2 --out o");
            let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            let open = child.stdin.take();
            while bench.names() == before {
                std::thread::sleep(Duration::from_millis(5));
                assert!(child.try_wait().unwrap().is_none());
            }
            (child, open)
        };
        let (mut killed, _open) = begun();
        killed.kill().unwrap();
        killed.wait().unwrap();
        let left = bench.names();
        assert_eq!(left.len(), 2, "{left:?}");
        let (mut alive, _open) = begun();
        bench.ok("fit x.csv --rank 2 --out p -q");
        let names = bench.names();
        assert!(!names.contains(&left[0]) && names.len() == 3, "that of the living one stays: {names:?}");
        signal(&alive, "INT");
        alive.wait().unwrap();
        assert_eq!(bench.names(), ["p", "x.csv"]);
    }

    #[test]
    fn a_closed_pipe_ends_quietly() {
        let bench = Bench::new();
        bench.write("x.csv", known(6));
        for arguments in ["completions bash", "inspect x.csv", "fit x.csv --rank 2 --out o --json"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let output = bench.command(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
            assert_eq!((output.status.code(), output.stderr.len()), (Some(141), 0), "{arguments}");
        }
        assert!(bench.exists("o/run.json"), "what was written before stays");
    }
}
