//! The report for people.

use super::side::{Side, TOP};
use super::tally::{BINS, Tally, share};
use crate::labels::Labels;
use crate::prediction::milliseconds;
use crate::printable::line as on_one_line;
use crate::terminal::column;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many classes and pairs are shown.
const SHOWN: usize = 10;

/// Columns of the name of a side.
const NAME: usize = 26;

/// All that was measured.
pub struct Report<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The folder or list of the pictures.
    pub data: &'a Path,
    /// The names of the classes.
    pub labels: &'a Labels,
    /// How pixels become the input: what it is about, and the text.
    pub recipe: [(&'static str, String); 2],
    /// What was evaluated; there is one at least.
    pub sides: &'a [Side],
    /// Pictures that could not be read, and why.
    pub unreadable: &'a [(PathBuf, String)],
    /// From the first picture to the last.
    pub elapsed: Duration,
}

impl Report<'_> {
    /// Pictures that were read.
    pub fn pictures(&self) -> usize {
        self.sides.first().map_or(0, |side| side.times.count() as usize)
    }

    /// Pictures a second.
    pub fn rate(&self) -> f64 {
        self.pictures() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Which share of the time the model ran.
    pub fn share_of_model(&self) -> f64 {
        let inference: Duration = self.sides.iter().map(|side| side.inference).sum();
        inference.as_secs_f64() / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.written(&mut text).unwrap_or_else(|error| unreachable!("writing to a string does not fail: {error}"));
        text
    }

    fn written(&self, text: &mut String) -> std::fmt::Result {
        let first = &self.sides[0];
        let pictures = counted(self.pictures(), "picture", "s");
        let (classes, shown) = (counted(first.tally.classes.len(), "class", "es"), self.data.display().to_string());
        writeln!(text, "{} on {pictures} of {classes}, {}", on_one_line(self.model), on_one_line(&shown))?;
        for (about, said) in &self.recipe {
            writeln!(text, "  {about:<8} {}", on_one_line(said))?;
        }
        writeln!(text, "\n{:NAME$}   top-1    top-5   confidence, right  wrong   calibration error   inference", "")?;
        self.sides.iter().try_for_each(|side| self.side(text, side))?;
        self.best(text)?;
        let of = if self.sides.len() > 1 { format!(" ({})", first.name) } else { String::new() };
        self.worst(text, &first.tally, &of)?;
        self.confused(text, &first.tally, &of)?;
        calibration(text, &first.tally, &of)?;
        let (seconds, rate, share) = (self.elapsed.as_secs_f64(), self.rate(), self.share_of_model() * 100.0);
        writeln!(text, "\n{pictures} in {seconds:.1} s, {rate:.1} a second; the model ran {share:.0} % of the time")?;
        if !self.unreadable.is_empty() {
            writeln!(text, "{} more could not be read", self.unreadable.len())?;
        }
        Ok(())
    }

    fn side(&self, text: &mut String, side: &Side) -> std::fmt::Result {
        let tally = &side.tally;
        let of_all = |count: usize| percent(share(count as f64, tally.pictures as f64));
        let top5 = if self.labels.len() > TOP { of_all(tally.top5) } else { "-".into() };
        let [right, wrong] = tally.confidences().map(percent);
        let error = tally.calibration_error().map_or("-".into(), |error| format!("{error:.3}"));
        let p50 = milliseconds(side.times.percentile(50.0));
        writeln!(
            text,
            "{} {:>7} {top5:>8} {right:>19} {wrong:>7} {error:>15} {p50:>15.2} ms",
            column(&side.name, NAME),
            of_all(tally.top1)
        )?;
        if !side.flags.is_empty() {
            writeln!(text, "{:NAME$}   {}", "", side.flags)?;
        }
        if let Some((count, why)) = &side.failed {
            writeln!(text, "  without a usable answer: {count}; {}", on_one_line(why))?;
        }
        if let Some(agreement) = &side.agreement {
            let same = percent(share(agreement.same_top1 as f64, agreement.pictures as f64));
            writeln!(
                text,
                "  agrees with {} on {} of {} pictures ({same}); the largest difference of a confidence is {:.4}",
                self.sides[0].name, agreement.same_top1, agreement.pictures, agreement.largest_difference
            )?;
        }
        Ok(())
    }

    /// Which of several recipes is the most accurate.
    fn best(&self, text: &mut String) -> std::fmt::Result {
        // recipes have flags, providers have none
        let has_recipes = self.sides.iter().any(|side| !side.flags.is_empty());
        let most = self.sides.iter().map(|side| side.tally.top1).max().filter(|_| has_recipes);
        let Some(best) = self.sides.iter().find(|side| Some(side.tally.top1) == most) else { return Ok(()) };
        let flags = if best.flags.is_empty() { String::new() } else { format!(": {}", best.flags) };
        // the 95 % interval of a share near a half
        let chance = 98.0 / (best.tally.pictures as f64).sqrt();
        writeln!(text, "\nThe highest top-1 has {}{flags}. Differences below {chance:.0} points may be chance.", best.name)
    }

    fn worst(&self, text: &mut String, tally: &Tally, of: &str) -> std::fmt::Result {
        let worst = tally.worst();
        if worst.is_empty() {
            return Ok(());
        }
        writeln!(text, "\nworst classes{of}")?;
        for (index, class) in worst.iter().take(SHOWN) {
            let taken = tally.taken_for(*index).map(|other| format!("; most often taken for {}", self.name(other)));
            let right = percent(share(class.right as f64, class.pictures as f64));
            writeln!(
                text,
                "  {right:>7}  {} of {}  {}{}",
                class.right,
                class.pictures,
                self.name(*index),
                taken.unwrap_or_default()
            )?;
        }
        more(text, worst.len())
    }

    fn confused(&self, text: &mut String, tally: &Tally, of: &str) -> std::fmt::Result {
        let pairs = tally.most_confused();
        if pairs.is_empty() {
            return Ok(());
        }
        if pairs.iter().all(|(_, count)| *count == 1) {
            return writeln!(text, "\nno two classes are confused more than once{of}");
        }
        writeln!(text, "\nmost confused{of}")?;
        for ((truth, said), count) in pairs.iter().take(SHOWN) {
            writeln!(text, "  {count:>5}  {} taken for {}", self.name(*truth), self.name(*said))?;
        }
        more(text, pairs.len())
    }

    fn name(&self, index: usize) -> std::borrow::Cow<'_, str> {
        on_one_line(self.labels.name(index))
    }
}

fn more(text: &mut String, all: usize) -> std::fmt::Result {
    match all.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(text, "  and {more} more (--json has all)"),
    }
}

/// Accuracy beside confidence, by confidence.
fn calibration(text: &mut String, tally: &Tally, of: &str) -> std::fmt::Result {
    writeln!(text, "\nconfidence{of}     pictures    right   mean confidence")?;
    for (n, bin) in tally.bins.iter().enumerate().filter(|(_, bin)| bin.pictures > 0) {
        let (from, to) = (n * 100 / BINS, (n + 1) * 100 / BINS);
        let pad = of.len();
        let of_bin = |part: f64| percent(share(part, bin.pictures as f64));
        let (right, mean) = (of_bin(bin.right as f64), of_bin(bin.confidence));
        writeln!(text, "  {:<11}{:pad$} {:>9} {right:>8} {mean:>17}", format!("{from}-{to} %"), "", bin.pictures)?;
    }
    match tally.overconfidence() {
        Some(by) if by.abs() >= 0.005 => {
            let side = if by > 0.0 { "above" } else { "below" };
            writeln!(text, "  the mean confidence is {:.1} points {side} the accuracy", by.abs() * 100.0)
        }
        _ => Ok(()),
    }
}

/// `1 picture`, `2 pictures`.
fn counted(count: usize, word: &str, plural: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { plural })
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".into(), |share| format!("{:.1} %", share * 100.0))
}
