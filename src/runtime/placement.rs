//! Where the nodes of a model run, from ONNX Runtime's log when a session is opened.

use crate::npu::NAME;
use std::collections::BTreeMap;
use std::fmt;

/// The node placements logged so far.
#[derive(Debug, Default)]
pub struct Placements {
    /// By provider: the number of nodes (for QNN: partitions of many nodes), and operator and name of each node that is listed.
    providers: BTreeMap<String, (usize, Vec<(String, String)>)>,
    /// The provider whose nodes are being listed.
    current: Option<String>,
}

impl Placements {
    /// Reads a line of ONNX Runtime's log.
    pub fn hear(&mut self, line: &str) {
        if let Some((_, rest)) = line.split_once(" placed on [")
            && let Some((provider, rest)) = rest.split_once("]. Number of nodes: ")
        {
            let count = rest.trim().parse().unwrap_or(0);
            self.providers.entry(provider.to_owned()).or_default().0 = count;
            self.current = Some(provider.to_owned());
        } else if let Some((operator, name)) =
            line.strip_prefix("  ").and_then(|node| node.trim_end().strip_suffix(')')?.split_once(" ("))
        {
            let nodes = self.current.as_ref().and_then(|provider| self.providers.get_mut(provider));
            nodes.into_iter().for_each(|(_, nodes)| nodes.push((operator.to_owned(), name.to_owned())));
        } else {
            self.current = None;
        }
    }

    /// The placement of a model of `nodes` nodes; `None` if nothing was logged.
    pub fn coverage(&self, provider: &str, nodes: usize) -> Option<Coverage> {
        if self.providers.is_empty() {
            return None;
        }
        let partitions = self.providers.get(provider).map_or(0, |(count, _)| *count);
        let others = self.providers.iter().filter(|(known, _)| *known != provider);
        let on_cpu: Vec<_> = others.clone().flat_map(|(_, (_, nodes))| nodes.iter().cloned()).collect();
        let cpu = others.map(|(_, (count, _))| *count).sum::<usize>();
        // if all are on the CPU, nodes have been fused, and the log has fewer than the model
        let cpu = if partitions == 0 { nodes } else { cpu.min(nodes) };
        Some(Coverage { npu: nodes - cpu, cpu, partitions, on_cpu })
    }
}

/// The node placement of a model: how much of it runs on the NPU.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Nodes on the NPU.
    pub npu: usize,
    /// Nodes on the CPU.
    pub cpu: usize,
    /// Subgraphs that the NPU runs; each transition costs a copy.
    pub partitions: usize,
    /// Operator and name of each node on the CPU.
    pub on_cpu: Vec<(String, String)>,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { npu, cpu, partitions, on_cpu } = self;
        write!(
            f,
            "{npu} of {} nodes on the {NAME}, in {partitions} partition{}",
            npu + cpu,
            if *partitions == 1 { "" } else { "s" }
        )?;
        if on_cpu.is_empty() {
            return Ok(());
        }
        let shown: Vec<_> = on_cpu.iter().take(5).map(|(operator, name)| format!("{operator} '{name}'")).collect();
        write!(f, "; on the CPU: {}", shown.join(", "))?;
        if on_cpu.len() > shown.len() { write!(f, " and {} more", on_cpu.len() - shown.len()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str]) -> Placements {
        let mut placements = Placements::default();
        lines.iter().for_each(|line| placements.hear(line));
        placements
    }

    #[test]
    fn all_nodes_on_one_provider() {
        let all = heard(&[
            "Node placements",
            " All nodes placed on [QNNExecutionProvider]. Number of nodes: 1",
            "SaveMLValueNameIndexMapping",
        ]);
        let coverage = all.coverage("QNNExecutionProvider", 169).unwrap();
        assert_eq!((coverage.npu, coverage.cpu, coverage.partitions), (169, 0, 1));
        let none = heard(&["Node placements", " All nodes placed on [CPUExecutionProvider]. Number of nodes: 66"]);
        let coverage = none.coverage("QNNExecutionProvider", 169).unwrap();
        assert_eq!((coverage.npu, coverage.cpu, coverage.partitions), (0, 169, 0));
        assert_eq!(heard(&["something else"]).coverage("QNNExecutionProvider", 3), None);
    }

    #[test]
    fn nodes_on_two_providers() {
        let split = heard(&[
            "Node placements",
            " Node(s) placed on [CPUExecutionProvider]. Number of nodes: 2",
            "  ThresholdedRelu (cut)",
            "  DequantizeLinear (back)",
            " Node(s) placed on [QNNExecutionProvider]. Number of nodes: 2",
            "  QNN_1_0 (QNNExecutionProvider_QNN_1_0)",
            "  QNN_1_1 (QNNExecutionProvider_QNN_1_1)",
            "another line",
            "  Conv (not part of a list)",
        ]);
        let coverage = split.coverage("QNNExecutionProvider", 10).unwrap();
        assert_eq!((coverage.npu, coverage.cpu, coverage.partitions), (8, 2, 2));
        let text =
            format!("8 of 10 nodes on the {NAME}, in 2 partitions; on the CPU: ThresholdedRelu 'cut', DequantizeLinear 'back'");
        assert_eq!(coverage.to_string(), text);
    }
}
