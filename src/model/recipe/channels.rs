//! Graphs that scale and shift each channel by nodes of its own.

use super::line::Line;
use crate::model::onnx::Node;
use crate::model::weights::Weights;
use std::collections::HashMap;

/// The maximum number of nodes for one channel: an Unsqueeze, a Mul, an Add and a Concat, and some more.
const CHANNEL_NODES: usize = 8;

/// The function of a graph that takes the channels of `from` apart, scales and shifts each, and concatenates them in the same order (the
/// `transform_input` of torchvision's Inception and GoogLeNet); with the name of the result.
pub fn by_channel<'a>(readers: &HashMap<&'a str, Vec<&'a Node>>, weights: &Weights, from: &str) -> Option<(Line, &'a str)> {
    let gathers: &[&Node; 3] = readers.get(from)?.as_slice().try_into().ok()?;
    let (mut lines, mut joined) = ([Line::default(); 3], [""; 3]);
    for gather in gathers {
        let index = weights.numbers(gather.input.get(1).filter(|_| gather.op_type == "Gather")?, 1)?[0];
        let channel = (0..3).find(|channel| *channel as f64 == index)?;
        let mut name = gather.output.first()?.as_str();
        let mut concat = None;
        for _ in 0..CHANNEL_NODES {
            let [reader] = readers.get(name)?[..] else { return None };
            match reader.op_type.as_str() {
                "Concat" => {
                    concat = Some(reader);
                    break;
                }
                "Unsqueeze" => {}
                _ => lines[channel] = lines[channel].then(reader, weights, name, false)?,
            }
            name = reader.output.first()?;
        }
        let concat = concat?;
        if concat.input.len() != 3 || concat.input[channel] != name {
            return None;
        }
        joined[channel] = concat.output.first()?;
    }
    (!joined[0].is_empty() && joined == [joined[0]; 3]).then(|| (Line::of_channels(lines), joined[0]))
}

#[cfg(test)]
mod tests {
    use super::super::values::known;
    use super::*;
    use crate::model::onnx::{Graph, Tensor, data_type};

    fn constant(name: &str, value: f32) -> Tensor {
        Tensor { data_type: data_type::FLOAT, float_data: vec![value], name: name.into(), ..Tensor::default() }
    }

    fn found(graph: &Graph) -> Option<(Option<&'static str>, String)> {
        let mut readers: HashMap<&str, Vec<&Node>> = HashMap::new();
        graph.node.iter().for_each(|node| node.input.iter().for_each(|name| readers.entry(name).or_default().push(node)));
        let (line, joined) = by_channel(&readers, &Weights::new(graph, None), "x")?;
        Some((line.expects().and_then(|normalize| Some(known(&normalize)?.name)), joined.to_owned()))
    }

    #[test]
    fn each_channel_may_be_scaled_by_itself() {
        let node = |kind: &str, input: &[&str], output: &str| Node {
            input: input.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.into()],
            op_type: kind.into(),
            ..Node::default()
        };
        // torchvision's transform_input: from ImageNet's normalization to -1..1
        let inception = |order: [&str; 3]| {
            let (mut graph, mut last) = (Graph::default(), Vec::new());
            for (n, (factor, shift)) in [(0.458, -0.03), (0.448, -0.088), (0.45, -0.188)].into_iter().enumerate() {
                let name = |part: &str| format!("{part}{n}");
                for (part, value) in [("i", n as f32), ("f", factor), ("s", shift)] {
                    graph.initializer.push(constant(&name(part), value));
                }
                graph.node.push(node("Gather", &["x", &name("i")], &name("g")));
                graph.node.push(node("Unsqueeze", &[&name("g"), "axes"], &name("u")));
                graph.node.push(node("Mul", &[&name("u"), &name("f")], &name("m")));
                graph.node.push(node("Add", &[&name("m"), &name("s")], &name("a")));
                last.push(name("a"));
            }
            graph.node.push(node("Concat", &order, "y"));
            graph.node.push(node("Conv", &["y", "w"], "z"));
            found(&graph)
        };
        assert_eq!(inception(["a0", "a1", "a2"]), Some((Some("imagenet"), "y".to_owned())));
        assert_eq!(inception(["a2", "a1", "a0"]), None);
        // a circle ends
        let circle = ["g0", "g1", "g2"].map(|name| node("Gather", &["x", "zero"], name));
        let back = node("Unsqueeze", &["g0"], "g0");
        let graph = Graph {
            node: circle.into_iter().chain([back]).collect(),
            initializer: vec![constant("zero", 0.0)],
            ..Graph::default()
        };
        assert_eq!(found(&graph), None);
    }
}
