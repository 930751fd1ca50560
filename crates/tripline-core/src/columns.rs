//! [`ColumnSet`]: which columns of a table, as bits.

/// A set of columns of one table, by index. Up to 64 columns take no allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnSet {
    low: u64,
    high: Vec<u64>,
}

impl ColumnSet {
    /// The empty set.
    pub const EMPTY: ColumnSet = ColumnSet { low: 0, high: Vec::new() };

    /// Adds a column.
    pub fn insert(&mut self, column: u16) {
        let (word, bit) = (usize::from(column / 64), 1u64 << (column % 64));
        match word.checked_sub(1) {
            None => self.low |= bit,
            Some(word) => {
                if self.high.len() <= word {
                    self.high.resize(word + 1, 0);
                }
                self.high[word] |= bit;
            }
        }
    }

    /// Whether the column is in the set.
    pub fn contains(&self, column: u16) -> bool {
        let (word, bit) = (usize::from(column / 64), 1u64 << (column % 64));
        match word.checked_sub(1) {
            None => self.low & bit != 0,
            Some(word) => self.high.get(word).is_some_and(|w| w & bit != 0),
        }
    }

    /// Whether the set has no column.
    pub fn is_empty(&self) -> bool {
        self.low == 0 && self.high.iter().all(|word| *word == 0)
    }

    /// Adds several columns.
    pub fn extend(&mut self, columns: impl IntoIterator<Item = u16>) {
        for column in columns {
            self.insert(column);
        }
    }

    /// The columns in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        std::iter::once(self.low).chain(self.high.iter().copied()).enumerate().flat_map(|(word, mut bits)| {
            std::iter::from_fn(move || {
                if bits == 0 {
                    return None;
                }
                let bit = bits.trailing_zeros();
                bits &= bits - 1;
                Some(word as u16 * 64 + bit as u16)
            })
        })
    }
}

impl FromIterator<u16> for ColumnSet {
    fn from_iter<I: IntoIterator<Item = u16>>(columns: I) -> Self {
        let mut set = ColumnSet::EMPTY;
        set.extend(columns);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::ColumnSet;

    #[test]
    fn a_set_gives_back_its_columns_in_order() {
        let columns = [3, 0, 63, 64, 200, 127, 64];
        let set: ColumnSet = columns.into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 3, 63, 64, 127, 200]);
        assert!(set.contains(200) && !set.contains(199) && !set.contains(500));
        assert!(ColumnSet::EMPTY.is_empty() && !set.is_empty());
    }
}
