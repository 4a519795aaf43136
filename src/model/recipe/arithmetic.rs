//! What the first nodes of the graph say: a network that normalizes by itself (Keras' Rescaling and Normalization, exported transforms)
//! begins with a Cast, Mul, Div, Sub or Add of constants, and its quantization, if it has one, shows what the input holds.

use super::given::{Given, Origin};
use super::range::Range;
use super::stated::Stated;
use super::values::{BYTES, IMAGENET_MEAN, UNIT, of_range};
use crate::model::boundary::{SHAPE_ONLY, element_type};
use crate::model::onnx::{Graph, Node};
use crate::model::quantized;
use crate::model::weights::Weights;
use crate::preprocess::{Colour, Normalize};
use crate::tensor::ElementType;
use std::collections::HashMap;

/// What the first nodes say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FirstNodes {
    /// Values and order of the channels that the arithmetic expects.
    pub stated: Stated,
    /// What the quantization of the input can hold.
    pub range: Option<Range>,
}

/// Walks from the input called `input` on, as long as each value is only scaled and shifted.
pub fn read(graph: &Graph, weights: &Weights, input: &str) -> FirstNodes {
    let mut readers: HashMap<&str, Vec<&Node>> = HashMap::new();
    for node in graph.node.iter().filter(|node| node.op_type != "Shape" && node.op_type != "Size") {
        node.input.iter().for_each(|name| readers.entry(name).or_default().push(node));
    }
    let (mut line, mut kinds, mut range) = (Line::default(), Vec::new(), None);
    let mut at = input;
    // a graph without loops is walked in fewer steps than it has nodes
    for _ in 0..=graph.node.len() {
        let Some([reader]) = readers.get(at).map(Vec::as_slice) else { break };
        match reader.op_type.as_str() {
            kind if kind == "Cast" || SHAPE_ONLY.contains(&kind) => {}
            kind if quantized::of_input(reader).or(quantized::of_output(reader)).is_some() => {
                if kinds.is_empty() && range.is_none() {
                    range = held(reader, weights);
                }
                if !["QuantizeLinear", "DequantizeLinear"].contains(&kind) {
                    break;
                }
            }
            kind => match line.then(reader, weights, at) {
                Some(next) => {
                    line = next;
                    kinds.push(kind);
                }
                None => break,
            },
        }
        let Some(output) = reader.output.first() else { break };
        at = output;
    }
    let origin = Origin::Graph(format!("it begins with {}", kinds.join(", ")));
    let values = if kinds.is_empty() { None } else { line.expects() };
    let colour = values.as_ref().and_then(|values| line.order(values));
    let stated = Stated {
        normalize: values.map(|values| Given::new(values, origin.clone())),
        colour: colour.map(|colour| Given::new(colour, origin)),
        ..Stated::default()
    };
    FirstNodes { stated, range }
}

/// What a tensor can hold that `node` quantizes, or reads quantized.
fn held(node: &Node, weights: &Weights) -> Option<Range> {
    let places = quantized::of_input(node).or(quantized::of_output(node))?;
    let quantization = quantized::parameters(node, weights, places).ok()?;
    // without a zero point it is uint8
    let element = match node.input.get(places.1).and_then(|name| weights.data_type(name)) {
        Some(data_type) => element_type(data_type, "").ok()?,
        None => ElementType::U8,
    };
    Range::new(element, quantization)
}

/// What the nodes so far compute of each channel: `factor` * x + `shift`.
#[derive(Clone, Copy)]
struct Line {
    factor: [f64; 3],
    shift: [f64; 3],
}

impl Default for Line {
    fn default() -> Self {
        Self { factor: [1.0; 3], shift: [0.0; 3] }
    }
}

impl Line {
    /// With `node` behind it, which reads `value`; `None` where it computes anything else.
    fn then(self, node: &Node, weights: &Weights, value: &str) -> Option<Self> {
        let [first, second] = &node.input[..] else { return None };
        let constant = match (first == value, second == value) {
            (true, false) => second,
            // a sum and a product may name the constant first
            (false, true) if matches!(node.op_type.as_str(), "Add" | "Mul") => first,
            _ => return None,
        };
        let numbers = match weights.numbers(constant, 3)?[..] {
            [one] => [one; 3],
            [a, b, c] => [a, b, c],
            _ => return None,
        };
        let with = |step: &dyn Fn(f64, f64, f64) -> (f64, f64)| {
            let mut line = self;
            for (channel, number) in numbers.into_iter().enumerate() {
                (line.factor[channel], line.shift[channel]) = step(line.factor[channel], line.shift[channel], number);
            }
            let finite = line.factor.iter().chain(&line.shift).all(|value| value.is_finite());
            finite.then_some(line)
        };
        match node.op_type.as_str() {
            "Add" => with(&|factor, shift, number| (factor, shift + number)),
            "Sub" => with(&|factor, shift, number| (factor, shift - number)),
            "Mul" => with(&|factor, shift, number| (factor * number, shift * number)),
            "Div" => with(&|factor, shift, number| (factor / number, shift / number)),
            _ => None,
        }
    }

    /// The value that becomes 0, of each channel.
    fn zeros(&self) -> [f64; 3] {
        [0, 1, 2].map(|channel| -self.shift[channel] / self.factor[channel])
    }

    /// The values that such arithmetic is made for: it brings them to around 0, some units wide. `None` where it does not show.
    fn expects(&self) -> Option<Normalize> {
        let average = |values: [f64; 3]| values.iter().sum::<f64>() / 3.0;
        let (factor, zero) = (average(self.factor), average(self.zeros()));
        if !(factor > 0.0 && zero.is_finite()) {
            return None;
        }
        match zero {
            _ if (-1.5..-0.25).contains(&zero) => of_range([-1.0; 3], [1.0; 3]),
            // a mean of 0..1 values, or of 0..255
            _ if zero > 1.5 && zero <= 255.0 => Some(BYTES),
            _ if zero > 0.05 && zero <= 1.5 => (factor >= 0.5).then_some(UNIT),
            _ if zero.abs() <= 0.05 && factor <= 0.05 => Some(BYTES),
            _ if zero.abs() <= 0.05 && factor > 50.0 => Some(UNIT),
            _ => None,
        }
    }

    /// The order of the channels, where ImageNet's means are subtracted: they fall from red to blue.
    fn order(&self, values: &Normalize) -> Option<Colour> {
        let whole = if *values == BYTES { 255.0 } else { 1.0 };
        let means = self.zeros().map(|zero| zero / whole);
        let near = |order: [f32; 3]| means.iter().zip(order).all(|(mean, known)| (mean - f64::from(known)).abs() < 0.01);
        let [r, g, b] = IMAGENET_MEAN;
        match (near([r, g, b]), near([b, g, r])) {
            (true, _) => Some(Colour::Rgb),
            (false, true) => Some(Colour::Bgr),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::onnx::{Tensor, data_type};
    use crate::model::recipe::values::known;

    fn constant(name: &str, values: &[f32]) -> Tensor {
        let dims = if values.len() == 1 { vec![] } else { vec![1, values.len() as i64, 1, 1] };
        Tensor { dims, data_type: data_type::FLOAT, float_data: values.to_vec(), name: name.into(), ..Tensor::default() }
    }

    /// A graph of `x` through `nodes`, each with its constant.
    fn first(nodes: &[(&str, &[f32])]) -> FirstNodes {
        let mut graph = Graph::default();
        for (n, (kind, values)) in nodes.iter().enumerate() {
            let from = if n == 0 { "x".to_owned() } else { format!("v{}", n - 1) };
            let mut input = vec![from];
            if !values.is_empty() {
                input.push(format!("c{n}"));
                graph.initializer.push(constant(&format!("c{n}"), values));
            }
            graph.node.push(Node { input, output: vec![format!("v{n}")], op_type: (*kind).into(), ..Node::default() });
        }
        let weights = Weights::new(&graph, None);
        read(&graph, &weights, "x")
    }

    fn expected(nodes: &[(&str, &[f32])]) -> Option<&'static str> {
        Some(known(&first(nodes).stated.normalize?.value).unwrap().name)
    }

    #[test]
    fn a_network_that_normalizes_takes_pixels_as_its_arithmetic_wants_them() {
        // Keras: Rescaling(1/255), Rescaling(1/127.5, offset=-1), Rescaling and Normalization
        assert_eq!(expected(&[("Cast", &[]), ("Mul", &[1.0 / 255.0]), ("Conv", &[1.0])]), Some("255"));
        assert_eq!(expected(&[("Mul", &[1.0 / 127.5]), ("Add", &[-1.0])]), Some("255"));
        let normalization = [0.485, 0.456, 0.406];
        assert_eq!(expected(&[("Mul", &[1.0 / 255.0]), ("Sub", &normalization), ("Div", &[0.229, 0.224, 0.225])]), Some("255"));
        // torchvision's Normalize inside
        assert_eq!(expected(&[("Sub", &normalization), ("Div", &[0.229, 0.224, 0.225])]), Some("none"));
        assert_eq!(expected(&[("Transpose", &[]), ("Mul", &[2.0]), ("Sub", &[1.0])]), Some("none"));
        // from -1..1 to 0..255
        assert_eq!(expected(&[("Mul", &[127.5]), ("Add", &[127.5])]), Some("half"));
        assert_eq!(expected(&[("Mul", &[255.0])]), Some("none"));
    }

    #[test]
    fn means_tell_the_order_of_the_channels() {
        let order = |means: &[f32]| first(&[("Sub", means)]).stated.colour.map(|colour| colour.value);
        assert_eq!(order(&[103.939, 116.779, 123.68]), Some(Colour::Bgr));
        assert_eq!(order(&[123.68, 116.779, 103.939]), Some(Colour::Rgb));
        assert_eq!(order(&[127.0, 127.0, 127.0]), None);
    }

    #[test]
    fn other_arithmetic_says_nothing() {
        assert_eq!(first(&[]), FirstNodes::default());
        for nodes in [
            &[("Conv", &[1.0][..])][..],
            &[("Mul", &[1.1])],
            &[("Mul", &[-0.004])],
            &[("Mul", &[0.0])],
            &[("Div", &[0.0])],
            &[("Mul", &[1.0, 2.0])],
            &[("Add", &[])],
            &[("Sub", &[f32::NAN])],
        ] {
            assert_eq!(first(nodes).stated, Stated::default(), "{nodes:?}");
        }
    }

    #[test]
    fn a_quantized_input_shows_what_it_holds() {
        let first_held = |kind: &str, scale: f32, zero: i32, data_type: i32| {
            let zero = Tensor { data_type, int32_data: vec![zero], name: "z".into(), ..Tensor::default() };
            let input = vec!["x".to_owned(), "s".to_owned(), "z".to_owned()];
            let node = Node { input, output: vec!["q".into()], op_type: kind.into(), ..Node::default() };
            let graph = Graph { node: vec![node], initializer: vec![constant("s", &[scale]), zero], ..Graph::default() };
            let weights = Weights::new(&graph, None);
            read(&graph, &weights, "x").range
        };
        let quantized = |kind: &str, scale, zero, data_type| first_held(kind, scale, zero, data_type).unwrap();
        let imagenet = quantized("QuantizeLinear", 4.758 / 255.0, 114, data_type::UINT8);
        assert_eq!(imagenet.to_string(), "-2.13..2.63");
        assert_eq!(imagenet.fitting(0.05).map(|known| known.name).collect::<Vec<_>>(), ["imagenet"]);
        let symmetric = quantized("DequantizeLinear", 1.0 / 127.0, 0, data_type::INT8);
        assert_eq!(symmetric.fitting(0.05).map(|known| known.name).collect::<Vec<_>>(), ["none", "half"]);
        // 32 bits hold anything
        assert_eq!(first_held("DequantizeLinear", 1.0, 0, data_type::INT32), None);
        let half = quantized("QLinearConv", 2.0 / 255.0, 128, data_type::UINT8);
        assert_eq!(half.fitting(0.05).map(|known| known.name).collect::<Vec<_>>(), ["half"]);
    }
}
