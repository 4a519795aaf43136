//! The report for programs.

use super::report::Report;
use super::side::{Side, TOP};
use super::tally::{BINS, Bin, Tally, share};
use crate::labels::Labels;
use crate::metrics::Percentiles;
use serde_json::{Value, json};

/// One object.
pub fn json(report: &Report) -> Value {
    let unreadable: Vec<_> =
        report.unreadable.iter().map(|(path, why)| json!({"file": path.display().to_string(), "reason": why})).collect();
    let sides: Vec<_> = report.sides.iter().map(|side| of_side(side, report)).collect();
    let [(_, pixels), (_, fit)] = &report.recipe;
    json!({
        "model": report.model,
        "data": report.data.display().to_string(),
        "recipe": {"pixels": pixels, "fit": fit},
        "pictures": report.pictures(),
        "unreadable": unreadable,
        "seconds": report.elapsed.as_secs_f64(),
        "per_second": report.rate(),
        "share_of_model": report.share_of_model(),
        "evaluated": sides,
    })
}

fn of_side(side: &Side, report: &Report) -> Value {
    let (tally, labels) = (&side.tally, report.labels);
    let of_all = |count: usize| share(count as f64, tally.pictures as f64);
    let [right, wrong] = tally.confidences();
    let agreement = side.agreement.map(|agreement| {
        json!({
            "with": report.sides[0].name, "pictures": agreement.pictures, "same_top1": agreement.same_top1,
            "largest_confidence_difference": agreement.largest_difference,
        })
    });
    json!({
        "name": side.name,
        "flags": side.flags,
        "pictures": tally.pictures,
        "failed": side.failed.as_ref().map_or(0, |(count, _)| *count),
        "correct": tally.top1,
        "top1": of_all(tally.top1),
        // of five classes or fewer all would be among the five best
        "top5": of_all(tally.top5).filter(|_| labels.len() > TOP),
        "confidence_right": right,
        "confidence_wrong": wrong,
        "calibration_error": tally.calibration_error(),
        "calibration": tally.bins.iter().enumerate().map(bin).collect::<Vec<_>>(),
        "classes": classes(tally, labels),
        "confused": confused(tally, labels),
        "agreement": agreement,
        "inference_ms": Percentiles::of(&side.times),
    })
}

fn bin((n, bin): (usize, &Bin)) -> Value {
    let of_bin = |part: f64| share(part, bin.pictures as f64);
    json!({
        "from": n as f64 / BINS as f64, "to": (n + 1) as f64 / BINS as f64, "pictures": bin.pictures,
        "accuracy": of_bin(bin.right as f64), "confidence": of_bin(bin.confidence),
    })
}

fn classes(tally: &Tally, labels: &Labels) -> Vec<Value> {
    let of_class = |(index, class): (&usize, &super::tally::OfClass)| json!({"index": index, "label": labels.name(*index), "pictures": class.pictures, "correct": class.right});
    tally.classes.iter().map(of_class).collect()
}

fn confused(tally: &Tally, labels: &Labels) -> Vec<Value> {
    let pair = |((truth, said), count): ((usize, usize), usize)| {
        json!({
            "index": truth, "label": labels.name(truth), "taken_for_index": said, "taken_for": labels.name(said), "pictures": count,
        })
    };
    tally.most_confused().into_iter().map(pair).collect()
}
