//! A workbench for the program: a folder of its own, files in it, and what a call said.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder that goes away.
pub struct Bench {
    dir: tempfile::TempDir,
}

/// What a call came to.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Bench {
    pub fn new() -> Bench {
        Bench { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Everything in the folder, hidden files too.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(cargo_bin("partwise"));
        command.args(arguments.split_whitespace()).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env_remove("COLORTERM").env_remove("COLUMNS");
        command
    }

    /// Calls the program with arguments that have no blanks in them.
    pub fn call(&self, arguments: &str) -> Said {
        let output = self.command(arguments).output().unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Calls the program, which must succeed.
    pub fn ok(&self, arguments: &str) -> Said {
        let said = self.call(arguments);
        assert_eq!(said.code, 0, "partwise {arguments}: {}", said.err);
        said
    }

    /// Calls the program, which must fail with this code and these words.
    pub fn fails(&self, arguments: &str, code: i32, words: &[&str]) -> Said {
        let said = self.call(arguments);
        assert_eq!(said.code, code, "partwise {arguments}: {}{}", said.out, said.err);
        assert!(said.out.is_empty(), "partwise {arguments}: {}", said.out);
        for word in words {
            assert!(said.err.contains(word), "partwise {arguments}: no '{word}' in: {}", said.err);
        }
        assert!(!said.err.contains("panicked"), "{}", said.err);
        said
    }
}

/// A table of a known model with `rows` rows: 5 columns, rank 2, with names.
pub fn known(rows: usize) -> String {
    let h = [[4.0, 1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 3.0, 0.0, 5.0]];
    let mut text = "id,red,green,blue,cyan,grey\n".to_string();
    for i in 0..rows {
        let w = [(i * 7 % 5) as f64, (i * 3 % 4) as f64 + 0.5];
        let row: Vec<String> = (0..5).map(|j| (w[0] * h[0][j] + w[1] * h[1][j]).to_string()).collect();
        text += &format!("s{i},{}\n", row.join(","));
    }
    text
}

/// Checks a value against the part of JSON Schema that `docs/run.schema.json` uses.
pub fn check(schema: &Value, value: &Value, at: &str) {
    if let Some(expected) = schema.get("const") {
        assert_eq!(value, expected, "{at}");
    }
    if let Some(allowed) = schema.get("enum") {
        assert!(allowed.as_array().unwrap().contains(value), "{at}: {value}");
    }
    if let Some(types) = schema.get("type") {
        let fits = |name: &Value| match name.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_u64() || value.is_i64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("{other}"),
        };
        let any = types.as_array().map_or_else(|| fits(types), |all| all.iter().any(fits));
        assert!(any, "{at}: {value} is not of type {types}");
    }
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.filter(|_| value.is_object()).into_iter().flatten() {
        assert!(value.get(name.as_str().unwrap()).is_some(), "{at}: {name} is missing");
    }
    if let (Some(properties), Some(object)) = (schema.get("properties"), value.as_object()) {
        for (name, value) in object {
            let schema = properties.get(name);
            check(
                schema.unwrap_or_else(|| panic!("{at}: {name} is not documented")),
                value,
                &format!("{at}.{name}"),
            );
        }
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        values.iter().enumerate().for_each(|(i, value)| check(items, value, &format!("{at}[{i}]")));
    }
}

/// The project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
