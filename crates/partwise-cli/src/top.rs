//! `partwise top`

use crate::args::TopArgs;
use crate::failure::{Failure, Outcome};
use crate::talk;
use partwise::select::{TopFeature, top_features};
use partwise_io::fitted::{SCHEMA_VERSION, Stored, component_names};
use partwise_io::{Cell, Separator, write_cells_to};

const HEADER: [&str; 6] = ["component", "place", "feature", "weight", "lift", "specificity"];

pub(crate) fn run(args: &TopArgs) -> Result<Outcome, Failure> {
    let stored = Stored::open(&args.model)?;
    let (model, names) = stored.model::<f64>()?;
    let top = top_features(&model.h, &stored.record.shares, args.by.into(), args.count);
    let components = component_names(model.h.rank(), names.components.as_deref());
    let feature = |at: usize| match &names.cols {
        Some(names) => names[at].clone(),
        None => format!("feature_{}", at + 1),
    };
    if args.json {
        let listed = |(name, features): (&String, &Vec<TopFeature>)| {
            let features = features.iter().map(|f| {
                serde_json::json!({"index": f.feature, "feature": feature(f.feature), "weight": f.weight, "lift": f.lift,
                                   "specificity": f.specificity})
            });
            serde_json::json!({"component": name, "features": features.collect::<Vec<_>>()})
        };
        let document = serde_json::json!({
            "schema_version": SCHEMA_VERSION,
            "components": components.iter().zip(&top).map(listed).collect::<Vec<_>>(),
        });
        talk::data(format!("{document:#}\n").as_bytes())?;
        return Ok(Outcome::Done);
    }
    let lines: Vec<(usize, usize, TopFeature, String)> = top
        .iter()
        .enumerate()
        .flat_map(|(c, features)| features.iter().enumerate().map(move |(at, f)| (c, at, *f)))
        .map(|(c, at, f)| (c, at, f, feature(f.feature)))
        .collect();
    let rows = lines.iter().map(|(c, at, f, name)| {
        vec![
            Cell::Name(&components[*c]),
            Cell::Count(at + 1),
            Cell::Name(name),
            Cell::Number(f.weight),
            Cell::Number(f.lift),
            Cell::Number(f.specificity),
        ]
    });
    let mut out = Vec::new();
    write_cells_to(&mut out, &HEADER, rows, Separator::Tab)?;
    talk::data(&out)?;
    Ok(Outcome::Done)
}
