//! The lines of a live view. Pure: from what is known to lines that fit the terminal.

use super::board::{Board, Camera, Row};
use super::wrap::wrap;
use crate::terminal::{Style, Styles, column, cut};
use jiff::tz::TimeZone;
use std::time::{Instant, SystemTime};
use unicode_width::UnicodeWidthStr;

/// With fewer columns there are no styles.
const NARROW: usize = 24;

/// How the view is looked at.
#[derive(Debug, Clone)]
pub struct Look {
    /// Columns and rows of the terminal.
    pub size: (usize, usize),
    /// The selected line of the list.
    pub selected: usize,
    /// Whether it stands still.
    pub frozen: bool,
    /// The latest warning.
    pub warning: Option<String>,
    /// Whether text may have styles.
    pub styles: Styles,
    /// When it is looked at.
    pub now: Instant,
    /// The zone of times of day.
    pub zone: TimeZone,
}

/// A camera, or one of its streams if it is running.
struct Entry<'a> {
    name: String,
    camera: &'a Camera,
    stream: Option<&'a Row>,
}

fn entries(board: &Board) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for (name, camera) in &board.cameras {
        if camera.trouble.is_some() || camera.streams.is_empty() {
            entries.push(Entry { name: name.clone(), camera, stream: None });
            continue;
        }
        let several = camera.streams.windows(2).any(|pair| pair[0].model != pair[1].model);
        for row in &camera.streams {
            let model = several.then_some(&row.model);
            let parts = [Some(name), row.region.as_ref(), model].into_iter().flatten();
            let name = parts.map(String::as_str).collect::<Vec<_>>().join("/");
            entries.push(Entry { name, camera, stream: Some(row) });
        }
    }
    entries
}

/// How many lines can be selected.
pub fn count(board: &Board) -> usize {
    entries(board).len()
}

/// The lines: at most as many as the terminal has rows, none wider than its columns.
pub fn lines(board: &Board, look: &Look) -> Vec<String> {
    let (columns, rows) = look.size;
    // so narrow that nothing but a cut is sure to fit
    let plain = Look { styles: Styles::OFF, ..look.clone() };
    let look = if columns < NARROW { &plain } else { look };
    let footer = footer(look, count(board));
    let mut lines = body(board, look, rows.saturating_sub(footer.len()));
    lines.extend(footer);
    lines.truncate(rows);
    if columns < NARROW { lines.iter().map(|line| cut(line, columns)).collect() } else { lines }
}

/// The same without the keys and the warning, in at most `rows` lines.
pub fn body(board: &Board, look: &Look, rows: usize) -> Vec<String> {
    let columns = look.size.0;
    let entries = entries(board);
    let mut lines = vec![title(board, look)];
    let room = rows.saturating_sub(lines.len());
    let mut body = match &entries[..] {
        [] => vec![cut("  no camera yet", columns)],
        [only] => detail(board, only, look, room, true),
        several => {
            let selected = look.selected.min(several.len() - 1);
            let mut list = list(several, selected, look, room);
            let left = room.saturating_sub(list.len() + 1);
            // a heading, the state, and one class
            if left >= 3 && several[selected].stream.is_some() {
                list.push(String::new());
                list.extend(detail(board, &several[selected], look, left, false));
            }
            list
        }
    };
    body.truncate(room);
    lines.extend(body);
    lines
}

fn title(board: &Board, look: &Look) -> String {
    let (columns, frozen) = (look.size.0, if look.frozen { "frozen" } else { "" });
    if !look.frozen || columns < 20 {
        return cut(&format!(" {}", board.title), columns);
    }
    let title = column(&format!(" {}", board.title), columns - frozen.len() - 1);
    format!("{title} {}", look.styles.paint(Style::Yellow, frozen))
}

/// The latest warning, and the keys.
fn footer(look: &Look, entries: usize) -> Vec<String> {
    let (columns, rows) = look.size;
    let mut footer = Vec::new();
    if let Some(warning) = look.warning.as_ref().filter(|_| rows >= 6) {
        footer.push(look.styles.paint(Style::Yellow, cut(&format!(" {warning}"), columns)).to_string());
    }
    if rows >= 4 {
        let arrows = if entries > 1 { "   ↑↓ camera" } else { "" };
        footer.push(cut(&format!(" q quit   space freeze{arrows}"), columns));
    }
    footer
}

/// A line for each entry, in at most `room` lines; the selected one is among them.
fn list(entries: &[Entry], selected: usize, look: &Look, room: usize) -> Vec<String> {
    let columns = look.size.0;
    let widest = entries.iter().map(|entry| entry.name.width()).max().unwrap_or_default();
    let name = widest.clamp(5, 20).min((columns / 3).max(3));
    let reason = columns.saturating_sub(name + 4);
    // with fewer lines than entries every reason gets one line
    let timed = entries.iter().filter_map(|entry| entry.stream).any(|row| row.answer().2.is_some());
    let spare = room.saturating_sub(entries.len());
    let most = if entries.len() > room { 1 } else { 1 + spare.min(2) };
    let blocks: Vec<Vec<String>> = entries
        .iter()
        .enumerate()
        .map(|(n, entry)| {
            let mark = if n == selected { "›" } else { " " };
            let head = format!(" {mark}{}", column(&entry.name, name));
            let text = match (&entry.camera.trouble, entry.stream) {
                (Some(why), _) => {
                    let paint = |line| look.styles.paint(Style::Yellow, line).to_string();
                    let mut lines = wrap(why, reason, most).into_iter().map(paint);
                    let first = format!("{head}  {}", lines.next().unwrap_or_default());
                    let indent = " ".repeat(name + 4);
                    return std::iter::once(first).chain(lines.map(|line| format!("{indent}{line}"))).collect();
                }
                (None, Some(row)) => fields(row, look, reason, timed),
                (None, None) => cut("no result yet", reason),
            };
            vec![format!("{head}  {text}")]
        })
        .collect();
    let total: usize = blocks.iter().map(Vec::len).sum();
    if total <= room {
        return blocks.into_iter().flatten().collect();
    }
    // the entries from `first` on, one line each, and the number of the others
    let shown = room.saturating_sub(1).max(1);
    let first = selected.saturating_sub(shown / 2).min(entries.len().saturating_sub(shown));
    let mut lines: Vec<_> = blocks.into_iter().skip(first).take(shown).filter_map(|block| block.into_iter().next()).collect();
    if room > 1 && entries.len() > shown {
        lines.push(cut(&format!("  and {} more", entries.len() - shown), columns));
    }
    lines
}

/// Label, confidence, beginning (if `timed`), bar, rate, age, provider and losses, as many as fit into `columns`; those on the right go
/// first.
fn fields(row: &Row, look: &Look, columns: usize, timed: bool) -> String {
    let (label, confidence, since) = row.answer();
    let wide = look.size.0;
    let label_columns = if wide >= 120 { 32 } else { 24 };
    let label_columns = label_columns.min(columns.saturating_sub(7)).max(1);
    let bar_columns = if wide >= 120 { 30 } else { 10 };
    let mut text = look.styles.paint(Style::Bold, column(&label, label_columns)).to_string();
    let mut used = label_columns;
    let missed = (row.missed > 0).then(|| format!("{} missed", row.missed));
    let others = [
        confidence.map_or(" ".repeat(5), |confidence| format!("{:3.0} %", confidence * 100.0)),
        bar(confidence.unwrap_or_default(), bar_columns),
        format!("{:5.1}/s", row.rate.at(look.now)),
        format!("{:7.1} ms old", row.age),
        row.provider.clone(),
    ];
    let [percent, rest @ ..] = others;
    let since = timed.then(|| since.map_or(" ".repeat(SINCE), |since| clock(since, look)));
    for field in [percent].into_iter().chain(since).chain(rest).chain(missed) {
        let width = field.width() + 2;
        if used + width > columns {
            break;
        }
        text += &format!("  {field}");
        used += width;
    }
    if used > columns { cut(&label, columns) } else { text }
}

/// The selected stream: its answer, its classes, its numbers. `alone`: it is the only one, and has no line in a list.
fn detail(board: &Board, entry: &Entry, look: &Look, room: usize, alone: bool) -> Vec<String> {
    let columns = look.size.0;
    let inner = columns.saturating_sub(2);
    if let Some(why) = &entry.camera.trouble {
        let lines = wrap(&format!("{}: {why}", entry.name), inner, room);
        return lines.into_iter().map(|line| format!("  {}", look.styles.paint(Style::Yellow, line))).collect();
    }
    let Some(row) = entry.stream else { return vec![cut(&format!("  {}: no result yet", entry.name), columns)] };
    let mut head = Vec::new();
    if let Some(truth) = board.truth.as_ref().filter(|_| alone) {
        head.push(cut(&format!("  the camera is shown: {truth}"), columns));
    } else {
        head.push(cut(&format!("  {}", entry.name), columns));
    }
    let (label, _, since) = row.answer();
    let since =
        since.map(|since| clock(since, look)).filter(|_| columns >= NARROW).map_or(String::new(), |since| format!("  {since}"));
    let label = cut(&label, inner.saturating_sub(2 + since.width()));
    let answer = look.styles.paint(Style::Reverse, format!(" {label} "));
    head.push(format!("  {}{since}", look.styles.paint(Style::Bold, answer)));
    let width = inner.saturating_sub(9);
    let label_columns = if columns >= 120 { 40 } else { 24 }.min(width);
    let bar_columns = width.saturating_sub(label_columns + 2).min(if columns >= 120 { 60 } else { 30 });
    let classes = row.top.iter().map(|(label, confidence)| {
        let bar = if bar_columns >= 5 { format!("  {}", bar(*confidence, bar_columns)) } else { String::new() };
        format!("    {} {:3.0} %{bar}", column(label, label_columns.saturating_sub(2)), confidence * 100.0)
    });
    let classes: Vec<_> = classes.collect();
    // blank lines, if there is room for them
    let spaced = room >= head.len() + classes.len() + 1 + 3;
    let blank = || spaced.then(String::new);
    let kept = classes.len().min(room.saturating_sub(head.len() + 1));
    let last = head.pop();
    let parts = head.into_iter().chain(blank()).chain(last).chain(blank()).chain(classes.into_iter().take(kept));
    parts.chain(blank()).chain([cut(&format!("  {}", numbers(row, look, inner)), columns)]).take(room).collect()
}

/// Rate, age, inference, size and losses, as many as fit into `columns`; those on the right go first.
fn numbers(row: &Row, look: &Look, columns: usize) -> String {
    let (width, height) = row.size;
    let inference = row.inference.map_or("unchanged".to_owned(), |time| format!("inference {time:.1} ms"));
    let mut text = format!("{:.1} results/s", row.rate.at(look.now));
    let missed = (row.missed > 0).then(|| format!("{} missed", row.missed));
    let others = [format!("{:.1} ms old", row.age), format!("{inference} on {}", row.provider), format!("{width}x{height}")];
    for part in others.into_iter().chain(missed) {
        if text.width() + 2 + part.width() > columns {
            break;
        }
        text = format!("{text}, {part}");
    }
    text
}

/// The columns of a beginning.
const SINCE: usize = 14;

/// `since 12:03:05`
fn clock(since: SystemTime, look: &Look) -> String {
    let time = jiff::Timestamp::try_from(since).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned_datetime(look.zone.clone());
    format!("since {}", time.strftime("%H:%M:%S"))
}

/// A bar of `columns` columns, filled according to `confidence` (0 to 1).
fn bar(confidence: f64, columns: usize) -> String {
    let full = ((confidence * columns as f64).round() as usize).min(columns);
    "█".repeat(full) + &"·".repeat(columns - full)
}

#[cfg(test)]
mod tests;
