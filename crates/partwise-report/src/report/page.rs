//! The data put into the page: one file, which asks the network for nothing and runs no script but its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("../../page/report.html");
const STYLE: &str = include_str!("../../page/report.css");
/// In the order of `page/order.txt`.
const SCRIPTS: [&str; 19] = [
    include_str!("../../page/format.js"),
    include_str!("../../page/dom.js"),
    include_str!("../../page/data.js"),
    include_str!("../../page/colour.js"),
    include_str!("../../page/state.js"),
    include_str!("../../page/downloads.js"),
    include_str!("../../page/chart.js"),
    include_str!("../../page/heatmap.js"),
    include_str!("../../page/overview.js"),
    include_str!("../../page/convergence.js"),
    include_str!("../../page/parts.js"),
    include_str!("../../page/components.js"),
    include_str!("../../page/detail.js"),
    include_str!("../../page/maps.js"),
    include_str!("../../page/structure.js"),
    include_str!("../../page/samples.js"),
    include_str!("../../page/ranks.js"),
    include_str!("../../page/residuals.js"),
    include_str!("../../page/main.js"),
];

/// The report with this data, which `page/DATA.md` describes, as text.
pub(super) fn html(title: &str, data: &Value) -> String {
    let script = format!("(() => {{\n'use strict';\n{}}})();\n", SCRIPTS.concat());
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data: blob:; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(&script)
    );
    let (title, data) = (escaped(title), block(data));
    let parts = [
        ("__CSP__", policy.as_str()),
        ("__TITLE__", &title),
        ("<!--STYLE-->", STYLE),
        ("<!--DATA-->", &data),
        ("<!--SCRIPT-->", &script),
    ];
    // From left to right, so that what was put in is never looked at again: a title may have a placeholder in it.
    let (mut made, mut rest) = (String::with_capacity(data.len() + script.len() + (1 << 16)), PAGE);
    let first = |rest: &str| {
        let places = parts.iter().filter_map(|&(key, part)| Some((rest.find(key)?, key, part)));
        places.min_by_key(|&(at, _, _)| at)
    };
    while let Some((at, key, part)) = first(rest) {
        made.push_str(&rest[..at]);
        made.push_str(part);
        rest = &rest[at + key.len()..];
    }
    made + rest
}

fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// The size of a report but for its data and title.
pub(super) fn size() -> usize {
    PAGE.len() + STYLE.len() + SCRIPTS.map(str::len).iter().sum::<usize>()
}

/// JSON that cannot end the element that it stands in.
pub(super) fn block(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scripts_are_in_their_order() {
        let names: Vec<&str> = include_str!("../../page/order.txt").split_whitespace().collect();
        assert_eq!(names.len(), SCRIPTS.len());
        for (name, script) in names.iter().zip(SCRIPTS) {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("page").join(name);
            assert_eq!(std::fs::read_to_string(path).unwrap(), script, "{name}");
        }
    }

    #[test]
    fn nothing_that_is_put_in_ends_its_place() {
        let hostile = "</script><script>alert(1)</script><!--DATA-->__CSP__";
        let page = html(hostile, &serde_json::json!({"title": hostile, "other": "\u{2028}"}));
        assert!(page.contains("<title>&lt;/script&gt;&lt;script&gt;alert(1)"));
        assert_eq!(page.matches("</script>").count(), 2);
        assert!(page.contains("\"title\":\"\\u003c/script>") && !page.contains('\u{2028}'));
        assert_eq!(page.matches("alert(1)").count(), 2);
        let policy = page.split("content=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    }
}
