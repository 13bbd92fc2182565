//! Films: predict the ratings that are missing.

use crate::surprise::{Errors, Surprise};
use crate::{Section, commands, skipped};
use partwise::{Factor, Factors, Given, HoldOut, Init, Nmf, Penalty, PenaltyKind, Unseen, Weights};
use partwise_benches::claims::Claims;
use partwise_benches::markdown::Markdown;
use partwise_benches::metrics::rmse;
use partwise_benches::ratings::{Rating, folds, load, matrix, mean};
use partwise_benches::{Outcome, datasets};
use std::fmt::Write;
use std::path::Path;

pub(crate) const SET: &str = "ratings_ml100k";
const TITLE: &str = "Films: ratings that are missing";
const SHAPE: (usize, usize) = (943, 1682);
const RANKS: [usize; 3] = [5, 10, 20];
const WEIGHTS: [f64; 5] = [0.02, 0.03, 0.04, 0.06, 0.08];
/// More digits do not help to predict.
const TOL: f64 = 1e-3;
const FOLDS: usize = 5;
const FOLD_RANKS: [usize; 2] = [5, 10];
/// The share of the training ratings that choices are made on.
const SET_ASIDE: f64 = 0.1;
const SEED: u64 = 1;
/// Means over 5 folds.
const PUBLISHED: [(&str, f64); 4] =
    [("NMF", 0.963), ("baseline (biases)", 0.944), ("SVD", 0.934), ("SVD++", 0.919)];

const ABOUT: &str = "\
F. M. Harper, J. A. Konstan (2015), \"The MovieLens datasets\", doi:10.1145/2827872: 943 users gave 1 to 5 stars to 1682
films, 100,000 times. What is not listed is missing, and no zero: the loss sums over ratings that there are
(`Weighted::observed`). The prediction is WH, cut off at 1 and 5; the mean of the training ratings where the user or the
film has none.

*small*: L2 on both factors, which pulls entries to 0, and so predictions to no stars. *near the mean*: the penalty `pull`
on both factors instead, to entries of `sqrt(mean / k)`, so that predictions are pulled to the mean rating. What a user's
row, or a film's column, differs from there by is a bias and tastes at once, so biases need no terms of their own. (The
idea came from trials by hand on u1, in which the test ratings were looked at; ranks and weights below do not.)";

/// What factors are pulled to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Prior {
    Small,
    NearTheMean,
}

impl Prior {
    fn name(self) -> &'static str {
        match self {
            Prior::Small => "small",
            Prior::NearTheMean => "near the mean",
        }
    }
}

/// What is chosen.
#[derive(Debug, Clone, Copy)]
struct Choice {
    prior: Prior,
    rank: usize,
    weight: f64,
}

/// A fit, with what is known of the ratings that it is of.
struct Predictor {
    w: Factor<f64>,
    h: Factor<f64>,
    mean: f64,
    known: (Vec<bool>, Vec<bool>),
}

impl Predictor {
    /// Fits to the ratings that `mask` does not hold.
    fn fit(choice: Choice, ratings: &[Rating], mask: Option<HoldOut>) -> Outcome<Predictor> {
        let (m, n) = SHAPE;
        let used: Vec<Rating> = ratings.iter().filter(|r| !held(mask, r)).copied().collect();
        let mut known = (vec![false; m], vec![false; n]);
        for rating in &used {
            known.0[rating.user as usize] = true;
            known.1[rating.item as usize] = true;
        }
        let mean = mean(&used);
        let mut x = matrix(ratings, SHAPE)?;
        if let Some(mask) = mask {
            x = x.weighted(Weights::new().hold_out(mask))?;
        }
        let near = |rows: usize| {
            let entry = (mean / choice.rank as f64).sqrt();
            Factor::from_row_major(rows, choice.rank, &vec![entry; rows * choice.rank])
        };
        let (kind, given) = match choice.prior {
            Prior::Small => (PenaltyKind::L2, Given::default()),
            Prior::NearTheMean => (
                PenaltyKind::Pull,
                Given { target_w: Some(near(m)?), target_h: Some(near(n)?), ..Given::default() },
            ),
        };
        let penalty = Penalty::new(kind, Factors::Both, choice.weight);
        let nmf = Nmf::new(choice.rank).penalty(penalty).init(Init::Random).tol(TOL).unseen(Unseen::Zeros);
        let fit = nmf.fit_from(&x, &given)?;
        Ok(Predictor { w: fit.w, h: fit.h, mean, known })
    }

    fn predict(&self, rating: &Rating) -> f64 {
        let (user, item) = (rating.user as usize, rating.item as usize);
        if !self.known.0[user] || !self.known.1[item] {
            return self.mean;
        }
        let stars: f64 = self.w.row(user).iter().zip(self.h.row(item)).map(|(a, b)| a * b).sum();
        stars.clamp(1.0, 5.0)
    }

    fn error<'a>(&self, ratings: impl IntoIterator<Item = &'a Rating>) -> f64 {
        rmse(ratings.into_iter().map(|r| (self.predict(r), r.stars)))
    }
}

fn held(mask: Option<HoldOut>, rating: &Rating) -> bool {
    mask.is_some_and(|mask| mask.holds(rating.user as usize, rating.item as usize))
}

/// Of these ranks and all weights, the choice with the least error on ratings that are set aside, and that error.
fn choose(prior: Prior, ranks: &[usize], train: &[Rating]) -> Outcome<(Choice, f64)> {
    let mask = Some(HoldOut::share(SEED, SET_ASIDE));
    let mut best: Option<(Choice, f64)> = None;
    for (&rank, weight) in ranks.iter().flat_map(|rank| WEIGHTS.map(|weight| (rank, weight))) {
        let choice = Choice { prior, rank, weight };
        let predictor = Predictor::fit(choice, train, mask)?;
        let error = predictor.error(train.iter().filter(|r| held(mask, r)));
        if best.is_none_or(|(_, least)| error < least) {
            best = Some((choice, error));
        }
    }
    Ok(best.ok_or("nothing to choose from")?)
}

/// The section.
pub(crate) fn section(data: &Path, surprise: &Surprise) -> Outcome<Section> {
    let file = |name: &str| data.join(SET).join(name);
    let (train, test) = (load(&file("u1.base"))?, load(&file("u1.test"))?);
    let (Some(train), Some(test), Some(all)) = (train, test, load(&file("u.data"))?) else {
        return Ok(skipped(TITLE, &format!("{SET}/u1.base, u1.test or u.data")));
    };
    let version = surprise.version();
    let mut section = Section { text: String::new(), claims: Claims::default() };
    let about = datasets::about(data, SET, "u.data`, `u1.base` and `u1.test")?;
    writeln!(section.text, "## {TITLE}\n\n{ABOUT}\n\n{about}\n")?;
    let peer = version.as_ref().map(|_| surprise.split(&file("u1.base"), &file("u1.test"))).transpose()?;
    let best = official(&mut section, &train, &test, peer)?;
    let of = folds(all.len(), FOLDS, 0);
    let peers = version.as_ref().map(|_| surprise.folds(&file("u.data"), &of)).transpose()?;
    crossed(&mut section, &all, &of, best.prior, (peers, version))?;
    let Choice { rank, weight, .. } = best;
    section.text += &commands(&format!(
        "# near-w.npy (users x {rank}) and near-h.npy ({rank} x films): sqrt(mean rating / {rank}) everywhere\n\
         python3 -c 'import numpy as np; user, film, stars = np.loadtxt(\"u1.base\", usecols=(0, 1, 2)).T\n\
         near, users, films = np.sqrt(stars.mean() / {rank}), len(set(user)), len(set(film))\n\
         np.save(\"near-w.npy\", np.full((users, {rank}), near)); np.save(\"near-h.npy\", np.full(({rank}, films), near))'\n\
         partwise fit u1.base --triplets --missing absent --rank {rank} --init random --tol {TOL:e} \\\n    \
         --penalty pull:w:{weight}:near-w.npy --penalty pull:h:{weight}:near-h.npy --hold-out {SET_ASIDE}:{SEED}"
    ));
    Ok(section)
}

/// The official split; says what did best on what was set aside.
fn official(
    section: &mut Section,
    train: &[Rating],
    test: &[Rating],
    peer: Option<Errors>,
) -> Outcome<Choice> {
    writeln!(
        section.text,
        "### The official split u1\n\n\
         {} ratings to fit, {} to predict. The weight is the one of {WEIGHTS:?} with the least error on\n\
         {:.0}% of the training ratings that are set aside (`HoldOut::share({SEED}, {SET_ASIDE})`); then all of them are fitted.\n\
         Fits are from a random start with `tol` {TOL:e}. Errors are root mean squares, in stars. The row in bold has the least\n\
         error on what was set aside: the test ratings have no say in it.\n",
        train.len(),
        test.len(),
        100.0 * SET_ASIDE
    )?;
    let mut rows = Vec::new();
    for prior in [Prior::Small, Prior::NearTheMean] {
        for rank in RANKS {
            let (choice, aside) = choose(prior, &[rank], train)?;
            let fit = Predictor::fit(choice, train, None)?;
            rows.push((choice, aside, fit.error(train), fit.error(test)));
        }
    }
    let best = rows.iter().min_by(|a, b| a.1.total_cmp(&b.1)).ok_or("no fit")?.0;
    let mut table = Markdown::new(1, ["factors", "rank", "weight", "set aside", "training", "test"]);
    let mut ours = f64::NAN;
    for (choice, aside, trained, tested) in rows {
        let chosen = choice.prior == best.prior && choice.rank == best.rank;
        let bold = |text: String| if chosen { format!("**{text}**") } else { text };
        if chosen {
            ours = tested;
        }
        table.row([
            bold(choice.prior.name().into()),
            choice.rank.to_string(),
            choice.weight.to_string(),
            format!("{aside:.4}"),
            format!("{trained:.4}"),
            bold(format!("{tested:.4}")),
        ]);
    }
    let constant = mean(train);
    let alone = rmse(test.iter().map(|r| (constant, r.stars)));
    table.row(
        ["mean of the training ratings", "", "", "", ""].map(String::from).into_iter().chain([four(alone)]),
    );
    for (name, error) in [("NMF", peer.map(|p| p.nmf)), ("BaselineOnly", peer.map(|p| p.baseline))] {
        let error = error.map_or("skipped".into(), four);
        let cells =
            [format!("Surprise's {name}"), String::new(), String::new(), String::new(), String::new()];
        table.row(cells.into_iter().chain([error]));
    }
    writeln!(section.text, "{table}")?;
    match peer {
        Some(peer) => section.claims.check(
            format!("on u1, {ours:.4} is at or below what Surprise's NMF has, {:.4}", peer.nmf),
            ours <= peer.nmf,
        ),
        None => section.claims.skip("on u1, ours is at or below Surprise's NMF", NO_SURPRISE),
    }
    Ok(best)
}

const NO_SURPRISE: &str = "scikit-surprise is not installed for PYTHON";

fn four(x: f64) -> String {
    format!("{x:.4}")
}

/// Five folds.
fn crossed(
    section: &mut Section,
    all: &[Rating],
    of: &[usize],
    prior: Prior,
    (peers, version): (Option<Vec<Errors>>, Option<String>),
) -> Outcome<()> {
    let published: Vec<String> = PUBLISHED.iter().map(|(name, error)| format!("{name} {error}")).collect();
    writeln!(
        section.text,
        "### Five folds, as in Surprise's README\n\n\
         N. Hug (2020), \"Surprise\", doi:10.21105/joss.02174. The folds are those of its `KFold({FOLDS}, random_state=0)`, which\n\
         `examples/benchmark.py` takes. Published in its README, as means over the folds:\n\
         {}.\n\
         Ours is *{}*, as chosen on u1; the rank, of {FOLD_RANKS:?}, and the weight are chosen anew for each fold, on {:.0}% of\n\
         its training ratings.\n",
        published.join(", "),
        prior.name(),
        100.0 * SET_ASIDE
    )?;
    let (mut ours, mut chosen) = (Vec::new(), Vec::new());
    for fold in 0..FOLDS {
        let part = |inside: bool| -> Vec<Rating> {
            all.iter().zip(of).filter(|(_, at)| (**at == fold) == inside).map(|(r, _)| *r).collect()
        };
        let (train, test) = (part(false), part(true));
        let (choice, _) = choose(prior, &FOLD_RANKS, &train)?;
        chosen.push(format!("{} and {}", choice.rank, choice.weight));
        ours.push(Predictor::fit(choice, &train, None)?.error(&test));
    }
    let mut headers = vec!["method".to_string()];
    headers.extend((1..=FOLDS).map(|fold| format!("fold {fold}")));
    headers.push("mean".into());
    let mut table = Markdown::with_headers(1, headers);
    let average = |errors: &[f64]| errors.iter().sum::<f64>() / errors.len() as f64;
    let mut row = |name: String, errors: &[f64]| {
        let cells = errors.iter().chain([&average(errors)]).map(|&x| four(x)).collect::<Vec<_>>();
        table.row([name].into_iter().chain(cells));
    };
    row("ours".into(), &ours);
    if let (Some(peers), Some(version)) = (&peers, version) {
        let of = |error: fn(&Errors) -> f64| peers.iter().map(error).collect::<Vec<_>>();
        row(format!("Surprise {version}, NMF"), &of(|e| e.nmf));
        row(format!("Surprise {version}, BaselineOnly"), &of(|e| e.baseline));
    }
    writeln!(section.text, "{table}\nRanks and weights chosen: {}.\n", chosen.join("; "))?;
    if peers.is_none() {
        writeln!(section.text, "Surprise itself: skipped, as {NO_SURPRISE}.\n")?;
    }
    let ours = average(&ours);
    for (name, error) in PUBLISHED {
        let claim =
            format!("over five folds, {ours:.4} is at or below what is published for {name}, {error}");
        section.claims.check(claim, ours <= error);
    }
    Ok(())
}
