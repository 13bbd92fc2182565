//! What is made from many fits of one X: which rank, how stable, and which component is which.
//!
//! [`Scan`] fits a range of ranks several times each; [`summaries`] turns its outcomes into one line of criteria per rank,
//! and [`advise`] those into a recommendation with its reasons. [`Consensus`] and [`matching`] are of use by themselves.

mod advice;
mod agreed;
mod blocks;
mod consensus;
mod draw;
mod features;
mod linkage;
mod matching;
mod scan;
mod shuffled;
mod summary;
mod unseen;

pub use advice::{Advice, Confidence, advise};
pub use agreed::{Agreed, Filter, agreed};
pub use consensus::{Consensus, MOST_POINTS, Map, Measures, labels};
pub use features::{By, TopFeature, top_features};
pub use matching::{Matching, Mixture, Pair, matching};
pub use scan::{Job, Kind, Outcome, Scan, Watch};
pub use shuffled::shuffled;
pub use summary::{HeldOut, Summary, summaries};
pub use unseen::{Margins, score_unseen};
