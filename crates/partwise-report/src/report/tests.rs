use super::*;

fn factor(rows: usize, rank: usize, f: impl Fn(usize, usize) -> f64) -> Factor<f64> {
    let values: Vec<f64> = (0..rows * rank).map(|at| f(at / rank, at % rank)).collect();
    Factor::from_row_major(rows, rank, &values).unwrap()
}

/// The data of a page, read back.
fn data_of(page: &str) -> Value {
    let from = page.find("id=\"report-data\">").unwrap() + "id=\"report-data\">".len();
    let text = &page[from..];
    serde_json::from_str(&text[..text.find("</script>").unwrap()]).unwrap()
}

#[test]
fn numbers_are_those_that_were_given() {
    let (w, h) = (factor(6, 2, |i, c| (i + c) as f64), factor(4, 2, |j, c| ((j + 2 * c) % 4) as f64));
    let run = json!({
        "command": ["/somewhere/partwise", "fit", "/elsewhere/x.csv", "-k", "2"], "status": "iteration_limit", "reason": "the limit of 3 iterations was reached",
        "iterations": 3, "rank": 2, "relative_error": 0.25, "loss": "kl", "shares": [0.6, 0.4], "shape": [6, 4], "stored": 24,
        "sparse": false, "precision": "f64", "restarts": [{"objective": 1.5, "iterations": 3, "status": "iteration_limit"}],
        "history": [{"iteration": 0, "objective": 2.0, "seconds": 0.0}], "data": {"input": "/elsewhere/x.csv", "observed": 24, "notes": []},
    });
    let rows: Vec<String> = (0..6).map(|i| format!("</script>{i}")).collect();
    let report = Report {
        run: Some(&run),
        factors: Some((&w, &h)),
        labels: Labels { rows: Some(&rows), ..Labels::default() },
        groups: vec![Groups {
            name: "kind".into(),
            labels: ["b", "a", "", "a", "b", "b"].map(String::from).to_vec(),
        }],
        residuals: Some(Residuals { rows: vec![0.1, f64::NAN, 0.9, 0.2, 0.3, 0.4], cols: vec![0.5; 4] }),
        ..Report::new("x")
    };
    let page = report.to_html();
    assert!(!page.contains("/elsewhere") && !page.contains("/somewhere"));
    let data = data_of(&page);
    assert_eq!(data["run"]["relative_error"], 0.25);
    assert!(data["run"]["history"].is_null() && data["restarts"][0]["trace"][0][1] == 2.0);
    assert_eq!(data["components"][0]["share"], 0.6);
    assert_eq!(data["samples"]["names"][0], "</script>0");
    assert_eq!(
        data["samples"]["groups"][0],
        json!({"name": "kind", "levels": ["a", "b"], "values": [1, 0, null, 0, 1, 1]})
    );
    assert_eq!(data["worst"]["rows"][0], json!([2, 0.9]));
    assert!(data["worst"]["histogram"]["counts"].as_array().unwrap().len() == 30);
    assert!(data["warnings"][0].as_str().unwrap().contains("ended early"));
    assert_eq!((&data["w"]["m"], &data["h"]["n"]), (&json!(6), &json!(4)));
}

#[test]
fn large_factors_are_thinned_and_the_strongest_stay() {
    let w = factor(120_000, 50, |i, c| {
        if i == 77_777 && c == 3 { 9.0 } else { ((i * 31 + c * 7) % 1009) as f64 / 1009.0 }
    });
    let packed = packed_w(&w, ROOM_W);
    let rows = packed["rows"].as_array().unwrap();
    assert!(rows.len() < 120_000 && rows.contains(&json!(77_777)), "{}", rows.len());
    assert!(packed["base64"].as_str().unwrap().len() <= ROOM_W);
}

#[test]
fn channels_of_mutations_are_known_by_their_names() {
    let mut names: Vec<String> = Vec::new();
    for after in ["T", "G", "C", "A"] {
        for kind in ["T>G", "T>C", "T>A", "C>T", "C>G", "C>A"] {
            names.extend(["A", "C", "G", "T"].map(|before| format!("{before}[{kind}]{after}")));
        }
    }
    let Some(Geometry::Sbs96(order)) = Geometry::sbs96(&names) else { panic!("not found") };
    assert_eq!((names[order[0]].as_str(), names[order[95]].as_str()), ("A[C>A]A", "T[T>G]T"));
    assert_eq!(Geometry::sbs96(&names[..95]), None);
}

#[test]
fn a_scan_alone_has_a_page() {
    let scan = json!({"input": "/elsewhere/x.npy", "shape": [5, 4], "fits": 9, "fit": "partwise fit /elsewhere/x.npy --rank 3",
        "advice": {"rank": 3, "confidence": "high", "reasons": []},
        "ranks": [{"rank": 2, "consensus": {"cophenetic": 0.9}, "held_out": {"median": 1.0, "error": 0.1, "folds": [[0, 1.1], [1, 0.9]]}}]});
    let map =
        ConsensusMap { rank: 3, samples: vec![1, 0], clusters: vec![0, 1], values: vec![1.0, 0.5, 0.5, 1.0] };
    let page = Report::<f64> { scan: Some(&scan), consensus: Some(map), ..Report::new("x") }.to_html();
    let data = data_of(&page);
    assert!(!page.contains("/elsewhere"));
    assert_eq!(data["command"], "partwise fit x.npy --rank 3");
    assert_eq!(data["verdict"], "Rank 3 is recommended, with high confidence.");
    assert_eq!(data["rank"]["ranks"][0]["held_out"]["folds"], json!([1.1, 0.9]));
    assert_eq!(data["rank"]["map"]["base64"], "/4CA/w==");
}

#[test]
fn a_call_in_python_stays_as_it_is() {
    let of = |command: Value| {
        let run = json!({"command": command, "status": "converged"});
        data_of(&Report::<f64> { run: Some(&run), ..Report::new("x") }.to_html())
    };
    let call = of(json!(["NMF(2, beta_loss='kl')"]));
    assert_eq!(call["command"], "NMF(2, beta_loss='kl')");
    assert_eq!(call["run"]["command"][0], "NMF(2, beta_loss='kl')");
    let program = of(json!(["/bin/partwise", "fit", "a b.csv"]));
    assert_eq!(program["command"], "partwise fit 'a b.csv'");
}

/// However many samples there are, however long their names, and however many labels.
#[test]
fn reports_stay_below_five_megabytes() {
    let (m, n, k) = (100_000, 2_000, 20);
    let w = factor(m, k, |i, c| ((i * 31 + c * 7) % 1009) as f64 / 1009.0);
    let h = factor(n, k, |j, c| ((j * 17 + c * 5) % 997) as f64 / 997.0);
    let noise = |i: usize| {
        let mut x = i as u64 + 1;
        let mut letters = String::new();
        for _ in 0..40 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            letters.push_str(&format!("{:016x}", x >> 3));
        }
        letters
    };
    let (rows, cols): (Vec<String>, Vec<String>) =
        ((0..m).map(noise).collect(), (m..m + n).map(noise).collect());
    let report = Report {
        factors: Some((&w, &h)),
        labels: Labels { rows: Some(&rows), cols: Some(&cols), ..Labels::default() },
        groups: vec![Groups { name: "x".repeat(10_000), labels: rows.clone() }],
        ..Report::new("x")
    };
    let page = report.to_html();
    assert!(page.len() < 5_000_000, "{}", page.len());
    let data = data_of(&page);
    let group = &data["samples"]["groups"][0];
    assert_eq!(
        (group["levels"].as_array().unwrap().len(), &group["others"]),
        (LEVELS + 1, &json!(m - LEVELS))
    );
    assert!(
        data["data_notes"].to_string().contains("names of features are cut to"),
        "{}",
        data["data_notes"]
    );
}
