//! The options of QNN, by its own names. QNN ignores unknown names and values, so each is checked here.

use crate::settings::{Key, Kind, Origin, Placed, Section, bit};
use crate::suggest::nearest;
use std::collections::BTreeMap;

/// An option, for messages.
pub const EXAMPLE: &str = "htp_performance_mode=balanced";

const MODES: [&str; 10] = [
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

const PRIORITIES: [&str; 8] = ["low", "normal_low", "normal", "normal_high", "high", "high_plus", "critical", "critical_plus"];

/// The options, each with what its value may be.
pub const KEYS: [Key; 24] = [
    option("backend_path", Kind::Text),
    option("backend_type", Kind::Choice(&["htp"])),
    option("device_id", Kind::Whole(|| 0..=63, "")),
    option("dump_json_qnn_graph", Kind::Bit),
    option("enable_htp_fp16_precision", Kind::Bit),
    option("enable_htp_shared_memory_allocator", Kind::Bit),
    option("enable_htp_spill_fill_buffer", Kind::Bit),
    option("enable_htp_weight_sharing", Kind::Bit),
    option("enable_vtcm_backup_buffer_sharing", Kind::Bit),
    option("extended_udma", Kind::Bit),
    option("htp_arch", Kind::Choice(&["0", "68", "69", "73", "75", "79", "81"])),
    option("htp_bf16_enable", Kind::Bit),
    option("htp_graph_finalization_optimization_mode", Kind::Choice(&["0", "1", "2", "3"])),
    option("htp_performance_mode", Kind::Choice(&MODES)),
    option("json_qnn_graph_dir", Kind::Text),
    option("offload_graph_io_quantization", Kind::Bit),
    option("op_packages", Kind::Text),
    option("profiling_file_path", Kind::Text),
    option("profiling_level", Kind::Choice(&["off", "basic", "detailed", "optrace"])),
    option("qnn_context_priority", Kind::Choice(&PRIORITIES)),
    option("rpc_control_latency", Kind::Whole(|| 0..=1_000_000, "")),
    option("skip_qnn_version_check", Kind::Bit),
    option("soc_model", Kind::Whole(|| 0..=999, "")),
    option("vtcm_mb", Kind::Whole(|| 0..=64, "")),
];

/// QNN's own documentation says what each does; docs/npu.md tells of those that matter.
const fn option(name: &'static str, kind: Kind) -> Key {
    Key::new(name, kind, "")
}

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

    /// What the section `key` of `execution` says.
    pub fn read(execution: &Section, key: &str) -> Self {
        let mut options = Self::default();
        for (name, Placed { value, origin }) in execution.options(key) {
            if let Err(fault) = options.set(&name, &value) {
                execution.invalid(origin, fault);
            }
        }
        options.conflicts().into_iter().for_each(|conflict| execution.fault_at(Origin::Nowhere, conflict));
        options
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

/// Checks one option; an error says what would be right.
pub fn check_pair(name: &str, value: &str) -> Result<(), String> {
    check(name, value).map(drop)
}

fn check(name: &str, value: &str) -> Result<(&'static str, String), String> {
    let Some(Key { name, kind, .. }) = KEYS.iter().find(|key| key.name == name) else {
        let names = KEYS.map(|key| key.name);
        return Err(match nearest(name, &names) {
            Some(near) => format!("QNN has no option '{name}'; did you mean '{near}'?"),
            None => format!("QNN has no option '{name}'; there are: {}", names.join(", ")),
        });
    };
    if *name == "backend_type" && value != "htp" {
        return Err(format!(
            "backend_type = {value} would not use the NPU, and nobody would notice; for the CPU say: provider cpu"
        ));
    }
    let wrong = |wanted: String| Err(format!("{name} is {wanted}, not '{value}'"));
    match kind {
        Kind::Choice(_) if kind.words().contains(&value) => Ok((name, value.to_owned())),
        Kind::Choice(_) => wrong(format!("one of {}", kind.words().join(", "))),
        Kind::Whole(range, _) => match value.parse::<usize>() {
            Ok(number) if range().contains(&number) => Ok((name, number.to_string())),
            _ => wrong(format!("a whole number from {} to {}", range().start(), range().end())),
        },
        Kind::Bit => match bit(value) {
            Some(on) => Ok((name, u8::from(on).to_string())),
            None => wrong("0 or 1".to_owned()),
        },
        _ if value.is_empty() => wrong("a text".to_owned()),
        _ => Ok((name, value.to_owned())),
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
