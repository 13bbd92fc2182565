//! What is factorized: data, loss and rank.

use partwise::Loss;
use partwise_benches::Outcome;

/// A cell of the benchmark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// What `race_data.py` calls the data.
    pub(crate) data: &'static str,
    pub(crate) loss: Loss,
    pub(crate) rank: usize,
    /// How many restarts are run beside the race.
    pub(crate) restarts: Option<usize>,
}

const fn cell(data: &'static str, loss: Loss, rank: usize) -> Cell {
    Cell { data, loss, rank, restarts: None }
}

use Loss::{Frobenius as F, ItakuraSaito as IS, KullbackLeibler as KL};

/// All of them; none is left out for its result.
pub(crate) const CELLS: [Cell; 20] = [
    cell("faces", F, 49),
    cell("samson", F, 3),
    cell("fashion", F, 20),
    cell("fashion", F, 100),
    cell("planted", F, 20),
    cell("planted", F, 50),
    cell("fashion-sparse", F, 20),
    cell("fashion-sparse", F, 100),
    cell("pbmc-log", F, 20),
    cell("news-tfidf", F, 30),
    cell("planted-counts", F, 20),
    cell("planted-counts", F, 50),
    cell("faces", KL, 49),
    cell("planted", KL, 20),
    Cell { restarts: Some(100), ..cell("sbs", KL, 10) },
    cell("pbmc", KL, 10),
    cell("pbmc", KL, 30),
    cell("news", KL, 20),
    cell("planted-counts", KL, 20),
    cell("faces", IS, 49),
];

impl Cell {
    /// Its name: data, loss, rank.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}-{}", self.data, self.loss, self.rank)
    }
}

/// The place of a cell in the list, for documents.
pub(crate) fn place(name: &str) -> usize {
    CELLS.iter().position(|cell| cell.name() == name).unwrap_or(CELLS.len())
}

/// The cells with `only` in their name, or those that it lists by name, with commas.
pub(crate) fn chosen(only: &str) -> Outcome<Vec<Cell>> {
    let listed: Vec<&str> = only.split(',').collect();
    let wanted = |name: &str| if listed.len() > 1 { listed.contains(&name) } else { name.contains(only) };
    let found: Vec<Cell> = CELLS.into_iter().filter(|cell| wanted(&cell.name())).collect();
    if found.is_empty() {
        let names: Vec<String> = CELLS.iter().map(Cell::name).collect();
        return Err(format!("no cell is called {only}; there are: {}", names.join(", ")).into());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_chosen_by_part_of_a_name_or_by_a_list() {
        let names = |only| chosen(only).unwrap().iter().map(Cell::name).collect::<Vec<_>>();
        assert_eq!(names("faces-k"), ["faces-kl-49"]);
        assert_eq!(names("sbs-kl-10,faces-is-49"), ["sbs-kl-10", "faces-is-49"]);
        assert_eq!(names("").len(), CELLS.len());
        assert!(chosen("nothing").unwrap_err().to_string().contains("faces-frobenius-49"));
    }

    #[test]
    fn no_two_cells_share_a_name() {
        let mut names: Vec<String> = CELLS.iter().map(Cell::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), CELLS.len());
    }
}
