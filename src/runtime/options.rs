//! The options of QNN, by its own names. QNN ignores unknown names and values, so each is checked here.

use crate::suggest::nearest;
use std::collections::BTreeMap;

/// What a value may be.
enum Kind {
    /// One of these.
    Choice(&'static [&'static str]),
    /// A whole number in this range.
    Number(u64, u64),
    /// 0 or 1; true and false are taken.
    Switch,
    /// Any text: a path, a list.
    Text,
}
use Kind::{Choice, Number, Switch, Text};

const MODES: &[&str] = &[
    "burst",
    "balanced",
    "default",
    "high_performance",
    "high_power_saver",
    "low_balanced",
    "low_power_saver",
    "power_saver",
    "extreme_power_saver",
    "sustained_high_performance",
];

const KNOWN: [(&str, Kind); 24] = [
    ("backend_path", Text),
    ("backend_type", Choice(&["htp"])),
    ("device_id", Number(0, 63)),
    ("dump_json_qnn_graph", Switch),
    ("enable_htp_fp16_precision", Switch),
    ("enable_htp_shared_memory_allocator", Switch),
    ("enable_htp_spill_fill_buffer", Switch),
    ("enable_htp_weight_sharing", Switch),
    ("enable_vtcm_backup_buffer_sharing", Switch),
    ("extended_udma", Switch),
    ("htp_arch", Choice(&["0", "68", "69", "73", "75", "79", "81"])),
    ("htp_bf16_enable", Switch),
    ("htp_graph_finalization_optimization_mode", Choice(&["0", "1", "2", "3"])),
    ("htp_performance_mode", Choice(MODES)),
    ("json_qnn_graph_dir", Text),
    ("offload_graph_io_quantization", Switch),
    ("op_packages", Text),
    ("profiling_file_path", Text),
    ("profiling_level", Choice(&["off", "basic", "detailed", "optrace"])),
    (
        "qnn_context_priority",
        Choice(&["low", "normal_low", "normal", "normal_high", "high", "high_plus", "critical", "critical_plus"]),
    ),
    ("rpc_control_latency", Number(0, 1_000_000)),
    ("skip_qnn_version_check", Switch),
    ("soc_model", Number(0, 999)),
    ("vtcm_mb", Number(0, 64)),
];

/// The names of all options.
pub const NAMES: [&str; KNOWN.len()] = {
    let mut names = [""; KNOWN.len()];
    let mut n = 0;
    while n < names.len() {
        names[n] = KNOWN[n].0;
        n += 1;
    }
    names
};

/// What each session asks for, unless the user does otherwise: the most speed, and the best graph, which takes longest to build.
const USUAL: [(&str, &str); 2] = [("htp_performance_mode", "burst"), ("htp_graph_finalization_optimization_mode", "3")];

/// Options that were set, each checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<&'static str, String>);

impl Options {
    /// Sets one; an error says what would be right.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let (name, value) = check(name, value)?;
        self.0.insert(name, value);
        Ok(())
    }

    /// These, and `base` wherever they say nothing.
    pub fn over(mut self, base: Self) -> Self {
        for (name, value) in base.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// What does not go together.
    pub fn conflicts(&self) -> Vec<String> {
        let mut found = Vec::new();
        let has = |name| self.0.contains_key(name);
        if has("backend_path") && has("backend_type") {
            found.push("backend_path and backend_type exclude each other: QNN takes one of them".to_owned());
        }
        let profiles = self.0.get("profiling_level").is_some_and(|level| level != "off");
        if profiles && !has("profiling_file_path") {
            found.push("profiling_level needs profiling_file_path: without it the measurements go nowhere".to_owned());
        }
        if has("profiling_file_path") && !profiles {
            found.push("profiling_file_path needs profiling_level (basic or detailed)".to_owned());
        }
        found
    }

    /// The value of one that was set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All that a session gets: those that were set, the usual ones, and `backend` where nobody named another.
    pub fn all(&self, backend: &str) -> BTreeMap<String, String> {
        let mut all: BTreeMap<_, _> = USUAL.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        // by its path: only then does QNN find the DSP's own libraries beside it
        all.insert("backend_path".to_owned(), backend.to_owned());
        let set = self.0.iter().filter(|(name, _)| **name != "backend_type");
        all.extend(set.map(|(name, value)| ((*name).to_owned(), value.clone())));
        all
    }
}

fn check(name: &str, value: &str) -> Result<(&'static str, String), String> {
    let Some((name, kind)) = KNOWN.iter().find(|(known, _)| *known == name) else {
        return Err(match nearest(name, &NAMES) {
            Some(near) => format!("QNN has no option '{name}'; did you mean '{near}'?"),
            None => format!("QNN has no option '{name}'; there are: {}", NAMES.join(", ")),
        });
    };
    if *name == "backend_type" && value != "htp" {
        return Err(format!(
            "backend_type = {value} would not use the NPU, and nobody would notice; for the CPU say: provider cpu"
        ));
    }
    let wrong = |wanted: String| Err(format!("{name} is {wanted}, not '{value}'"));
    match kind {
        Choice(choices) if choices.contains(&value) => Ok((name, value.to_owned())),
        Choice(choices) => wrong(format!("one of {}", choices.join(", "))),
        Number(least, most) => match value.parse::<u64>() {
            Ok(number) if (*least..=*most).contains(&number) => Ok((name, number.to_string())),
            _ => wrong(format!("a whole number from {least} to {most}")),
        },
        Switch => match value {
            "1" | "true" => Ok((name, "1".to_owned())),
            "0" | "false" => Ok((name, "0".to_owned())),
            _ => wrong("0 or 1".to_owned()),
        },
        Text if value.is_empty() => wrong("a text".to_owned()),
        Text => Ok((name, value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &str, value: &str) -> String {
        Options::default().set(name, value).unwrap_err()
    }

    #[test]
    fn each_is_checked_since_qnn_does_not() {
        assert_eq!(
            fault("htp_performance_mod", "burst"),
            "QNN has no option 'htp_performance_mod'; did you mean 'htp_performance_mode'?"
        );
        assert!(fault("zzz", "1").starts_with("QNN has no option 'zzz'; there are: backend_path, "));
        assert!(fault("htp_performance_mode", "fast").starts_with("htp_performance_mode is one of burst, balanced, "));
        assert_eq!(fault("vtcm_mb", "much"), "vtcm_mb is a whole number from 0 to 64, not 'much'");
        assert_eq!(fault("vtcm_mb", "65"), "vtcm_mb is a whole number from 0 to 64, not '65'");
        assert_eq!(fault("enable_htp_fp16_precision", "yes"), "enable_htp_fp16_precision is 0 or 1, not 'yes'");
        assert!(fault("backend_type", "cpu").contains("would not use the NPU"));
        assert!(fault("htp_arch", "42").contains("68, 69, 73"));
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let mut options = Options::default();
        options.set("backend_type", "htp").unwrap();
        options.set("backend_path", "/x/libQnnHtp.so").unwrap();
        options.set("profiling_level", "basic").unwrap();
        let told = options.conflicts();
        assert!(told.len() == 2 && told[0].contains("exclude") && told[1].contains("profiling_file_path"), "{told:?}");
        let mut file_alone = Options::default();
        file_alone.set("profiling_file_path", "x.csv").unwrap();
        assert!(file_alone.conflicts()[0].contains("needs profiling_level"));
    }

    #[test]
    fn the_usual_ones_hold_until_somebody_says_otherwise() {
        let mut options = Options::default();
        options.set("htp_performance_mode", "balanced").unwrap();
        options.set("enable_htp_shared_memory_allocator", "true").unwrap();
        let all = options.all("/qnn/libQnnHtp.so");
        let said: Vec<_> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let wanted = [
            "backend_path=/qnn/libQnnHtp.so",
            "enable_htp_shared_memory_allocator=1",
            "htp_graph_finalization_optimization_mode=3",
            "htp_performance_mode=balanced",
        ];
        assert_eq!(said, wanted);
    }
}
