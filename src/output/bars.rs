//! Horizontal bars of two parts, as text.

/// Blocks of one to eight eighths of a column.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Characters of the two parts of a bar, which differ without colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarSymbols {
    pub solid: char,
    pub light: char,
}

impl BarSymbols {
    pub const fn new(unicode: bool) -> Self {
        if unicode { Self { solid: '█', light: '▒' } } else { Self { solid: '#', light: ':' } }
    }
}

/// Scale of bars: the longest one, of `most`, has this number of columns.
#[derive(Debug, Clone, Copy)]
pub struct BarScale {
    pub most: u64,
    pub columns: usize,
    pub unicode: bool,
}

impl BarScale {
    /// Draws the solid and the light part of a bar. Lengths are linear in the counts, solid ones
    /// in eighths of a column if blocks may be used; a count other than zero has at least one
    /// character, for which the other part yields if the bar is full.
    pub fn bar(&self, solid: u64, light: u64) -> (String, String) {
        if self.columns == 0 {
            return (String::new(), String::new());
        }
        let light_columns = self.columns_of(light);
        let eighths = self.scaled(solid, 8);
        let whole = eighths.div_ceil(8).max(usize::from(solid > 0));
        let room = self.columns.saturating_sub(light_columns);
        let symbols = BarSymbols::new(self.unicode);
        let repeat = |symbol: char, columns: usize| String::from_iter(vec![symbol; columns]);
        if whole > room {
            let solid_columns = room.max(usize::from(solid > 0));
            let light_columns = self.columns.saturating_sub(solid_columns);
            return (repeat(symbols.solid, solid_columns), repeat(symbols.light, light_columns));
        }
        let mut bar = repeat(symbols.solid, if self.unicode { eighths / 8 } else { whole });
        if self.unicode && whole > eighths / 8 {
            bar.push(EIGHTHS[(eighths % 8).max(1) - 1]);
        }
        (bar, repeat(symbols.light, light_columns))
    }

    fn columns_of(&self, count: u64) -> usize {
        self.scaled(count, 2).div_ceil(2).max(usize::from(count > 0)).min(self.columns)
    }

    /// Length of a count in parts of a column, rounded down.
    fn scaled(&self, count: u64, parts: usize) -> usize {
        let most = u128::from(self.most.max(1));
        let length = u128::from(count) * (self.columns * parts) as u128 / most;
        usize::try_from(length).unwrap_or(usize::MAX).min(self.columns * parts)
    }
}
