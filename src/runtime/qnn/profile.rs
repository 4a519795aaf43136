//! How the time of a run on the NPU is distributed over its nodes, from QNN's profile.

use super::super::infer::Infer;
use super::super::library::Library;
use super::super::refusal::failed;
use super::super::settings::Params;
use super::session;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::tensor::Tensor;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The number of measured runs.
const RUNS: usize = 5;

/// Cycles of each node of `model` in a run, the slowest first. QNN's profile is written where the options say; without one, it is removed.
pub fn slowest(library: &Library, model: &Model, params: &Params) -> Result<Vec<(String, u64)>> {
    let mut params = Params { context_cache: None, ..params.clone() };
    let own = match params.qnn.get("profiling_file_path") {
        Some(_) => None,
        None => Some(std::env::temp_dir().join(format!("glimpsed-profile-{}.csv", std::process::id()))),
    };
    let set = |params: &mut Params, name: &str, value: &str| params.qnn.set(name, value).map_err(Error::config);
    set(&mut params, "profiling_level", "detailed")?;
    if let Some(path) = &own {
        set(&mut params, "profiling_file_path", &path.display().to_string())?;
    }
    let path = PathBuf::from(params.qnn.get("profiling_file_path").unwrap_or_default());
    let mut session = session::open(library, model, &params)?;
    let (input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
    let ran = (0..RUNS).try_for_each(|_| session.infer(&input, &mut output));
    drop(session);
    let profile = std::fs::read_to_string(&path).map_err(|e| failed(format!("QNN wrote no profile to '{}'", path.display()), e));
    if own.is_some() {
        // if that fails, the file is left in the temporary folder
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_file(path.with_file_name(format!("{}_qnn.log", path.file_stem().unwrap_or_default().display())));
    }
    ran?;
    Ok(nodes(&profile?, RUNS as u64))
}

/// The nodes of a profile of `runs` runs: `timestamp,NODE,cycles,CYCLES,source,level,name:OpId_n (cycles)`.
fn nodes(csv: &str, runs: u64) -> Vec<(String, u64)> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for line in csv.lines() {
        let fields: Vec<_> = line.split(',').collect();
        if let [_, "NODE", cycles, "CYCLES", .., name] = fields[..]
            && let Ok(cycles) = cycles.parse::<u64>()
        {
            let name = name.trim_end_matches(" (cycles)").split(":OpId").next().unwrap_or_default();
            *sums.entry(name.to_owned()).or_default() += cycles;
        }
    }
    let mut nodes: Vec<_> = sums.into_iter().map(|(name, cycles)| (name, cycles / runs.max(1))).collect();
    nodes.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_node_comes_first() {
        let csv = "Msg Timestamp,Message,Time,Unit of Measurement,Timing Source,Event Level,Event Identifier\n\
                   0,FINALIZE,20202,US,BACKEND,ROOT,QNN (finalize) time\n\
                   0,NODE,100,CYCLES,BACKEND,SUB-EVENT,Input OpId_2 (cycles)\n\
                   0,NODE,900,CYCLES,BACKEND,SUB-EVENT,conv0_token_1:OpId_23 (cycles)\n\
                   0,NODE,300,CYCLES,BACKEND,SUB-EVENT,Input OpId_2 (cycles)\n\
                   0,NODE,1100,CYCLES,BACKEND,SUB-EVENT,conv0_token_1:OpId_23 (cycles)\n\
                   0,NODE,many,CYCLES,BACKEND,SUB-EVENT,conv1:OpId_3 (cycles)\n";
        assert_eq!(nodes(csv, 2), [("conv0_token_1".to_owned(), 1000), ("Input OpId_2".to_owned(), 200)]);
    }
}
