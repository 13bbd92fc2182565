//! Options that add something to the model: penalties, constraints, and what is known of the factors.

use super::doc;
use clap::Args;
use partwise::{Factors, Free, Penalty, PenaltyKind, Simplex};
use std::path::PathBuf;

/// Terms that are added to the loss.
#[derive(Debug, Args)]
#[command(next_help_heading = "Penalties")]
pub(crate) struct PenaltyArgs {
    #[arg(long = "penalty", value_name = "TERM", value_parser = penalty,
          help = format!("{} May be given several times. graph:SIDE:VALUE:FILE has the weights of its edges in a symmetric matrix, \
                          and pull:SIDE:VALUE:FILE its target in one of the shape of the factor, or of its first components",
                         partwise::Spec::doc("penalties")))]
    pub(crate) penalties: Vec<PenaltyArg>,
    #[arg(long, value_name = "A", help = doc("l1_w"), default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) l1_w: f64,
    #[arg(long, value_name = "A", help = doc("l2_w"), default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) l2_w: f64,
    #[arg(long, value_name = "A", help = doc("l1_h"), default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) l1_h: f64,
    #[arg(long, value_name = "A", help = doc("l2_h"), default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) l2_h: f64,
}

/// What the factors have to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Constraints")]
pub(crate) struct ConstraintArgs {
    /// Keep H as it is in this matrix (k x n), and find W only.
    #[arg(long, value_name = "FILE", conflicts_with = "fix_components", alias = "fixed-h")]
    pub(crate) fix_h: Option<PathBuf>,
    /// Keep W as it is in this matrix (m x k), and find H only.
    #[arg(long, value_name = "FILE", alias = "fixed-w")]
    pub(crate) fix_w: Option<PathBuf>,
    /// Known components, such as signatures or spectra: the first rows of H stay as they are in this matrix (f x n, f < k),
    /// and others are found beside them. Their names stay too.
    #[arg(long, value_name = "FILE", aliases = ["fixed-components", "known"])]
    pub(crate) fix_components: Option<PathBuf>,
    /// Put every row of W (w) or every column of H (h) on the simplex: it sums to 1; with 'w<=1' or 'h<=1', to 1 or less.
    #[arg(long, value_name = "SIDE", value_parser = simplex)]
    pub(crate) simplex: Vec<SimplexArg>,
    #[arg(long, value_name = "X", help = doc("min_w"), default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) min_w: f64,
    #[arg(long, value_name = "X", help = doc("min_h"), default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) min_h: f64,
    #[arg(long, value_name = "X", help = doc("max_w"), allow_negative_numbers = true)]
    pub(crate) max_w: Option<f64>,
    #[arg(long, value_name = "X", help = doc("max_h"), allow_negative_numbers = true)]
    pub(crate) max_h: Option<f64>,
    #[arg(long, value_name = "SIDE", help = doc("free"), default_value = "none")]
    pub(crate) free: Free,
    #[arg(long, value_name = "S", help = doc("sparseness_w"), allow_negative_numbers = true)]
    pub(crate) sparseness_w: Option<f64>,
    #[arg(long, value_name = "S", help = doc("sparseness_h"), allow_negative_numbers = true)]
    pub(crate) sparseness_h: Option<f64>,
    #[arg(long, value_name = "T", help = doc("smoothing"), default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) smoothing: f64,
}

/// A penalty, with the file that some of them need.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PenaltyArg {
    pub(crate) penalty: Penalty,
    pub(crate) file: Option<PathBuf>,
}

/// `smooth:h:0.1`, `l1:w:=2.5`, `graph:h:0.1:edges.mtx`
fn penalty(text: &str) -> Result<PenaltyArg, String> {
    // A file may have colons in its name.
    let end = text.match_indices(':').nth(2).map_or(text.len(), |(at, _)| at);
    let (penalty, file) = text.split_at_checked(end).unwrap_or((text, ""));
    let penalty: Penalty = penalty.parse().map_err(|error: partwise::Error| error.to_string())?;
    let file = Some(file.trim_start_matches(':')).filter(|file| !file.is_empty()).map(PathBuf::from);
    let (name, side) = (penalty.kind, penalty.on);
    match (penalty.kind, &file) {
        (PenaltyKind::Graph | PenaltyKind::Pull, None) => Err(format!(
            "{name} needs a file with {}, as in {name}:{side}:0.1:FILE",
            if name == PenaltyKind::Graph { "the weights of its edges" } else { "its target" }
        )),
        (PenaltyKind::Graph | PenaltyKind::Pull, Some(_)) if penalty.on == Factors::Both => {
            Err(format!("W and H need a file each: give {name}:w:VALUE:FILE and {name}:h:VALUE:FILE"))
        }
        (PenaltyKind::Graph | PenaltyKind::Pull, Some(_)) | (_, None) => Ok(PenaltyArg { penalty, file }),
        (_, Some(_)) => Err(format!("{name} takes no file; only graph and pull do")),
    }
}

/// A factor on the simplex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SimplexArg {
    /// Whether it is W.
    pub(crate) w: bool,
    pub(crate) simplex: Simplex,
}

/// `w`, `h`, `w<=1`, `h<=1`
fn simplex(text: &str) -> Result<SimplexArg, String> {
    let (side, simplex) = match text.strip_suffix("<=1") {
        Some(side) => (side, Simplex::AtMost),
        None => (text, Simplex::Exact),
    };
    match side {
        "w" | "W" => Ok(SimplexArg { w: true, simplex }),
        "h" | "H" => Ok(SimplexArg { w: false, simplex }),
        _ => Err("one of w, h, 'w<=1', 'h<=1' is needed".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn penalties_are_read() {
        let plain = penalty("smooth:h:0.1").unwrap();
        assert_eq!((plain.penalty, plain.file), (Penalty::new(PenaltyKind::Smooth, Factors::H, 0.1), None));
        let plain = penalty("l1:wh:=2").unwrap().penalty;
        assert_eq!(plain, Penalty::absolute(PenaltyKind::L1, Factors::Both, 2.0));
        assert_eq!(penalty("L1:HW:=2").unwrap().penalty, plain);
        assert_eq!(penalty("l1:Both:=2").unwrap().penalty, plain);
        let graph = penalty("graph:w:0.5:C:\\edges.mtx").unwrap();
        assert_eq!(graph.file, Some("C:\\edges.mtx".into()));
        assert!(penalty("pull:h:=1:t.npy").is_ok());
        for (bad, words) in [
            ("smoth:h:0.1", "smooth2, graph"),
            ("smooth:x:0.1", "w, h, wh"),
            ("smooth:h", "NAME:SIDE:VALUE"),
            ("smooth:h:much", "a number"),
            ("smooth:h:-1", ">= 0"),
            ("smooth:h:1:x.npy", "takes no file"),
            ("graph:h:1", "the weights of its edges, as in graph:h:0.1:FILE"),
            ("pull:h:1:", "its target"),
            ("pull:wh:1:x.npy", "pull:w:VALUE:FILE and pull:h:VALUE:FILE"),
        ] {
            let error = penalty(bad).unwrap_err();
            assert!(error.contains(words), "{bad}: {error}");
        }
    }

    #[test]
    fn simplices_are_read() {
        assert_eq!(simplex("w"), Ok(SimplexArg { w: true, simplex: Simplex::Exact }));
        assert_eq!(simplex("W"), simplex("w"));
        assert_eq!(simplex("h<=1"), Ok(SimplexArg { w: false, simplex: Simplex::AtMost }));
        for bad in ["", "x", "<=1", "w<1", "wh", "w<=2"] {
            assert!(simplex(bad).is_err(), "{bad}");
        }
    }
}
