//! What `run.json` and `scan.json` say, in the words of the report.

use partwise_io::fitted::{Agreement, Taken};
use serde_json::{Value, json};

/// Points of a curve, at most.
const POINTS: usize = 300;
/// Points of the curves of all starts but the best, together.
const OTHERS: usize = 8000;

/// `run.json` as it may be sent to others: files are named without their folders.
pub fn without_folders(run: &Value) -> Value {
    let mut run = run.clone();
    for place in ["command", "data"] {
        shorten(&mut run[place]);
    }
    // A call in Python is one word.
    if let Some([first, _, ..]) = run["command"].as_array_mut().map(Vec::as_mut_slice) {
        *first = "partwise".into();
    }
    run
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => *text = named(text),
        Value::Array(values) => values.iter_mut().for_each(shorten),
        // Notes are sentences.
        Value::Object(values) => {
            values.iter_mut().filter(|(name, _)| *name != "notes").for_each(|(_, v)| shorten(v))
        }
        _ => {}
    }
}

/// The last part of a path, also after a `=`, a `:` or a `,`, which options have before it.
fn named(text: &str) -> String {
    let pieces = text.split_inclusive(['=', ',', ':']);
    // A folder may be named with a slash behind it.
    let last =
        |piece: &str| piece.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().map(str::to_owned);
    pieces.filter_map(last).collect()
}

/// All numbers of a list; what is none is NaN.
pub(super) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().map_or(Vec::new(), |all| all.iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect())
}

pub(super) fn verdict(run: Option<&Value>, scan: Option<&Value>) -> Option<String> {
    let Some(run) = run else {
        let advice = &scan?["advice"];
        return Some(match advice["rank"].as_u64() {
            Some(rank) => format!(
                "Rank {rank} is recommended, with {} confidence.",
                advice["confidence"].as_str().unwrap_or("unknown")
            ),
            None => "No rank is recommended.".into(),
        });
    };
    let count = |n: u64, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let iterations = count(run["iterations"].as_u64().unwrap_or(0), "iteration");
    let components = count(run["rank"].as_u64().unwrap_or(0), "component");
    let how = match run["status"].as_str().unwrap_or_default() {
        "converged" => format!("The fit converged after {iterations}"),
        "exact_fit" => format!("The fit is exact, after {iterations}"),
        "target_reached" => format!("The fit reached its target after {iterations}"),
        "iteration_limit" => format!("The fit came to its limit of {iterations} before it converged"),
        "time_limit" => format!("The fit came to its time limit, after {iterations}, before it converged"),
        "interrupted" => format!("The fit was stopped after {iterations}, before it converged"),
        "stalled" => format!("The fit got no farther after {iterations}, and has not converged"),
        "degenerate" => "The model is zero".into(),
        other => format!("The fit ended as {} after {iterations}", other.replace('_', " ")),
    };
    let error = run["relative_error"].as_f64();
    Some(match (error, run["loss"].as_str()) {
        (Some(error), Some("frobenius")) => format!(
            "{how}: {components}, which explain {:.1} % of the sum of squares of X (relative error {error:.3}).",
            100.0 * (1.0 - error * error)
        ),
        (Some(error), _) => format!("{how}: {components}, with a relative error of {error:.3}."),
        (None, _) => format!("{how}, with {components}."),
    })
}

/// What components were taken from, in a sentence and in a few words.
pub(super) fn agreed(agreement: &Agreement) -> (String, String) {
    let rank = agreement.runs.len();
    match agreement.taken {
        Some(Taken { runs, left_out }) => {
            let (runs, all) = (grouped(Some(runs as u64)), grouped(Some(runs.saturating_mul(rank) as u64)));
            let left_out = grouped(Some(left_out as u64));
            let few =
                format!("{runs} runs of rank {rank}; {left_out} of their {all} components are left out");
            (format!("The components are what {runs} runs of rank {rank} agree on."), few)
        }
        None => (
            format!("The components are what several runs of rank {rank} agree on."),
            format!("several runs of rank {rank}"),
        ),
    }
}

pub(super) fn warnings(run: &Value) -> Vec<Value> {
    let converged = ["converged", "exact_fit", "target_reached"];
    let ended = run["status"].as_str().unwrap_or_default();
    let mut warnings = Vec::new();
    if !converged.contains(&ended) {
        warnings.push(json!(format!(
            "It ended early: {}. The factors are the best so far.",
            run["reason"].as_str().unwrap_or(ended)
        )));
    }
    warnings
}

/// What was found while X was read.
pub(super) fn found_in_data(run: &Value) -> Vec<Value> {
    run["data"]["notes"].as_array().cloned().unwrap_or_default()
}

/// Facts about X.
pub(super) fn card(run: Option<&Value>, scan: Option<&Value>) -> Vec<[String; 2]> {
    let text = |value: &Value| value.as_str().unwrap_or("–").to_string();
    let mut card = Vec::new();
    let mut add = |label: &str, value: String| card.push([label.to_string(), value]);
    let Some(run) = run else {
        let Some(scan) = scan else { return card };
        add("Input", named(&text(&scan["input"])));
        add("Samples", grouped(scan["shape"][0].as_u64()));
        add("Features", grouped(scan["shape"][1].as_u64()));
        add("Fits", grouped(scan["fits"].as_u64()));
        return card;
    };
    let data = &run["data"];
    add("Input", text(&data["input"]));
    add("Samples", grouped(run["shape"][0].as_u64()));
    add("Features", grouped(run["shape"][1].as_u64()));
    let form = if run["sparse"] == true { "sparse" } else { "dense" };
    add("Stored", format!("{form}, {} entries", grouped(run["stored"].as_u64())));
    add("Observed", format!("{} entries", grouped(data["observed"].as_u64())));
    for (label, name) in [
        ("Missing", "missing"),
        ("Mask", "mask"),
        ("Weights", "weights"),
        ("Uncertainties", "uncertainty"),
        ("Row weights", "row_weights"),
        ("Column weights", "col_weights"),
    ] {
        if let Some(value) = data[name].as_str().filter(|&value| value != "none") {
            add(label, value.into());
        }
    }
    if run["transposed"] == true {
        add("Orientation", "columns of the file are samples".into());
    }
    add("Precision", text(&run["precision"]));
    card
}

/// Digits in threes.
pub(super) fn grouped(n: Option<u64>) -> String {
    let Some(n) = n else { return "–".into() };
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// The command that makes the same again, as a shell takes it.
pub(super) fn command(run: &Value) -> String {
    let words: Vec<&str> =
        run["command"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match words[..] {
        // No shell takes a call in Python.
        [call] => call.into(),
        _ => joined(words.into_iter()),
    }
}

/// The command of the fit that a scan recommends.
pub(super) fn fit_of(scan: Option<&Value>) -> Option<String> {
    let words: Vec<String> = shlex::split(scan?["fit"].as_str()?)?.iter().map(|word| named(word)).collect();
    Some(joined(words.iter().map(String::as_str)))
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    // What no shell takes, a word with a NUL, is no word of a command.
    words.filter_map(|word| shlex::try_quote(word).ok()).collect::<Vec<_>>().join(" ")
}

/// Every start with its way; that of the one that was kept in more points. Where there are very many starts, some show theirs.
pub(super) fn restarts(run: &Value) -> Vec<Value> {
    let mut restarts = run["restarts"].as_array().cloned().unwrap_or_default();
    // What is written by hand may be anything.
    restarts.retain(Value::is_object);
    let objective = |restart: &Value| restart["objective"].as_f64().unwrap_or(f64::INFINITY);
    let best =
        (0..restarts.len()).min_by(|&a, &b| objective(&restarts[a]).total_cmp(&objective(&restarts[b])));
    let points = |value: &Value| value.as_array().map_or(0, Vec::len);
    let every =
        restarts.iter().map(|restart| points(&restart["trace"])).sum::<usize>().div_ceil(OTHERS).max(1);
    for (at, restart) in restarts.iter_mut().enumerate() {
        let history =
            if Some(at) == best && points(&run["history"]) > 0 { &run["history"] } else { &Value::Null };
        restart["trace"] = match (history, &restart["trace"]) {
            (Value::Array(history), _) => curve(history),
            (_, Value::Array(trace)) if at % every == 0 || Some(at) == best => curve(trace),
            // Earlier versions kept the way of the best alone.
            _ => json!([]),
        };
    }
    restarts
}

fn curve(history: &[Value]) -> Value {
    let step = history.len().div_ceil(POINTS).max(1);
    let last = history.len().saturating_sub(1);
    let points = history.iter().enumerate().filter(|(at, _)| at % step == 0 || *at == last);
    points.map(|(_, p)| json!([p["iteration"], p["objective"], p["kkt"], p["seconds"]])).collect()
}

/// A line of a scan, with the names that the page has.
pub(super) fn rank(line: &Value) -> Value {
    let consensus = &line["consensus"];
    let folds = |name: &str| -> Value {
        let found = &line[name];
        if found.is_null() {
            return Value::Null;
        }
        let losses: Vec<&Value> =
            found["folds"].as_array().map_or(Vec::new(), |all| all.iter().map(|f| &f[1]).collect());
        json!({"mean": found["median"], "error": found["error"], "folds": losses})
    };
    json!({
        "rank": line["rank"], "relative_error": line["relative_error"], "shuffled": line["shuffled"],
        "held_out": folds("held_out"), "stability": line["stability"],
        "cophenetic": consensus["cophenetic"], "dispersion": consensus["dispersion"],
        "ambiguous": consensus["ambiguous"], "silhouette": consensus["silhouette"],
        "explained": line["explained"], "residual": line["residual"], "objective": line["objective"],
        "sparseness_w": line["sparseness_w"], "sparseness_h": line["sparseness_h"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_folder_is_told() {
        let run = json!({
            "command": ["/elsewhere/bin/partwise", "fit", "/elsewhere/x.npy", "--fix-h=/data/h.npy", "--init", "a/w.npy,b/h.npy", "-o", "..\\out", "texts/more/"],
            "data": {"input": "/elsewhere/x.npy", "given": {"h": "/data/h.npy"}, "notes": ["rows/columns"]},
        });
        let shown = without_folders(&run);
        assert_eq!(command(&shown), "partwise fit x.npy '--fix-h=h.npy' --init 'w.npy,h.npy' -o out more");
        assert_eq!(
            shown["data"],
            json!({"input": "x.npy", "given": {"h": "h.npy"}, "notes": ["rows/columns"]})
        );
    }

    #[test]
    fn the_best_start_shows_its_way() {
        let history: Vec<Value> =
            (0..1000).map(|i| json!({"iteration": i, "objective": 2.0, "seconds": 0.1})).collect();
        let run = json!({"restarts": [{"objective": 3.0}, {"objective": 2.0}, {"objective": null}], "history": history});
        let found = restarts(&run);
        assert_eq!(found[0]["trace"], json!([]));
        let trace = found[1]["trace"].as_array().unwrap();
        assert!(trace.len() <= POINTS + 1 && trace[trace.len() - 1][0] == 999 && trace[0][2].is_null());
    }

    #[test]
    fn others_show_theirs_as_far_as_there_is_room() {
        let trace: Vec<Value> =
            (0..8).map(|i| json!({"iteration": i, "objective": 2.5, "kkt": 0.1, "seconds": 0.5})).collect();
        let starts = |count: usize| -> Vec<Value> {
            (0..count).map(|i| json!({"objective": (i as f64 - 7.0).abs(), "trace": trace})).collect()
        };
        let history = vec![json!({"iteration": 0, "objective": 1.0, "seconds": 0.0}); 2];
        let run = |count: usize| json!({"restarts": starts(count), "history": history});
        let found = restarts(&run(9));
        assert_eq!(found[0]["trace"][7], json!([7, 2.5, 0.1, 0.5]));
        assert!(
            found.iter().enumerate().all(|(at, start)| {
                start["trace"].as_array().unwrap().len() == if at == 7 { 2 } else { 8 }
            })
        );
        let found = restarts(&run(20_000));
        let shown = found.iter().filter(|start| start["trace"] != json!([])).count();
        assert!((500..=1100).contains(&shown) && found.len() == 20_000, "{shown}");
        assert_eq!(found[7]["trace"].as_array().unwrap().len(), 2);
        let odd = json!({"restarts": [1, null, "x", {"trace": 5}, {"trace": ["a", [1]]}], "history": {}});
        assert_eq!(restarts(&odd).len(), 2);
        // The same without a history, as some of what is written by hand.
        assert_eq!(restarts(&json!({"restarts": starts(9)}))[7]["trace"].as_array().unwrap().len(), 8);
    }

    #[test]
    fn the_verdict_says_what_came_out() {
        let run = json!({"status": "converged", "iterations": 12, "rank": 1, "relative_error": 0.5, "loss": "frobenius"});
        let said = verdict(Some(&run), None).unwrap();
        assert_eq!(
            said,
            "The fit converged after 12 iterations: 1 component, which explain 75.0 % of the sum of squares of X (relative error 0.500)."
        );
        assert_eq!(grouped(Some(1_234_567)), "1\u{202f}234\u{202f}567");
    }
}
