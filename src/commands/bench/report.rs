//! The measurements as a table.

use crate::printable::line;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write;

/// The rows of `timing` and their names in the table.
const STAGES: [(&str, &str); 6] = [
    ("age_ms", "age of the result"),
    ("beyond_inference_ms", "  of it beyond the inference"),
    ("wait_ms", "waited"),
    ("preprocess_ms", "preprocess"),
    ("inference_ms", "inference"),
    ("postprocess_ms", "rank"),
];

/// The table of `report`.
pub fn table(report: &Value) -> String {
    let table = Table { report, text: String::new() };
    table.written().unwrap_or_else(|error| unreachable!("writing to a string does not fail: {error}"))
}

struct Table<'a> {
    report: &'a Value,
    text: String,
}

impl Table<'_> {
    fn number(&self, path: &str) -> f64 {
        self.report.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    fn word(&self, path: &str) -> Cow<'_, str> {
        self.report.pointer(path).and_then(Value::as_str).map(line).unwrap_or_default()
    }

    fn has(&self, part: &str) -> bool {
        self.report[part].is_object()
    }

    fn row(&mut self, title: &str, path: &str) -> std::fmt::Result {
        let [p50, p95, p99] = ["p50", "p95", "p99"].map(|percent| self.number(&format!("{path}/{percent}")));
        writeln!(self.text, "{title:<34}{p50:>8.3} {p95:>8.3} {p99:>8.3}")
    }

    fn rows(&mut self, part: &str) -> std::fmt::Result {
        STAGES.iter().try_for_each(|(name, title)| self.row(&format!("  {title}"), &format!("/{part}/timing/{name}")))
    }

    fn cpu(&mut self, part: &str) -> std::fmt::Result {
        let [total, inference, source, own] =
            ["total", "inference", "source", "own"].map(|whose| self.number(&format!("/{part}/cpu/{whose}_ms")));
        let [all, ours] = ["total", "own"].map(|whose| self.number(&format!("/{part}/cpu/{whose}_cores")) * 100.0);
        writeln!(
            self.text,
            "  processor time a frame: {total:.3} ms = inference {inference:.3} + source {source:.3} + the rest {own:.3}\n  \
             of one core: {all:.0} %, the rest alone {ours:.0} %"
        )
    }

    fn written(mut self) -> Result<String, std::fmt::Error> {
        let report = self.report;
        let head = format!(
            "{} on {}\n{}, {} cores, {}; glimpsed {}, ONNX Runtime {}, GStreamer {}\nsource: {}\n\n",
            self.word("/model"),
            self.word("/execution"),
            self.word("/machine/processor"),
            report["machine"]["cores"],
            self.word("/machine/architecture"),
            self.word("/versions/glimpsed"),
            self.word("/versions/onnxruntime"),
            self.word("/versions/gstreamer"),
            self.word("/settings/source")
        );
        self.text.push_str(&head);
        writeln!(self.text, "{:<34}{:>8} {:>8} {:>8}", "milliseconds", "p50", "p95", "p99")?;
        writeln!(self.text, "alone, {:.1} inferences/s:", self.number("/inference_floor/per_second"))?;
        self.row("  inference (the floor)", "/inference_floor/ms")?;
        for (name, title) in [("preprocess_ms", "preprocess"), ("rank_ms", "rank"), ("publish_ms", "publish (a JSON line)")] {
            self.row(&format!("  {title}"), &format!("/stages/{name}"))?;
        }
        if self.has("full_speed") {
            let (rate, share) = (self.number("/full_speed/per_second"), self.number("/full_speed/share_of_floor"));
            writeln!(self.text, "the whole line at full speed, {rate:.1} frames/s, {share:.3} of the floor:")?;
            self.rows("full_speed")?;
            self.cpu("full_speed")?;
        }
        if self.has("live") {
            let (cameras, rate) = (&report["settings"]["cameras"], self.number("/live/per_second"));
            let (dropped, captured) = (&report["live"]["counts"]["dropped"], &report["live"]["counts"]["captured"]);
            let word = if cameras == 1 { "camera" } else { "cameras" };
            writeln!(self.text, "the whole line live, {cameras} {word}, {rate:.1} frames/s, {dropped} of {captured} dropped:")?;
            self.rows("live")?;
            self.cpu("live")?;
        }
        writeln!(
            self.text,
            "session opened in {:.1} ms, first result {:.1} ms after the cameras' start; {:.1} MiB of memory at the most",
            self.number("/session_open_ms"),
            self.number("/first_result_ms"),
            self.number("/peak_rss_mib")
        )?;
        Ok(self.text)
    }
}
