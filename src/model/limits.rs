//! Limits of a model file, checked before it is parsed: a few bytes of a file can require much memory.

use super::fields::fields;
use crate::error::{Error, Result};

/// The largest file: protobuf's own limit. Larger weights are in external files.
pub const FILE: u64 = (2 << 30) - 1;

/// The maximum number of nodes and initializers of the graph: the largest exported models have about ten thousand.
const PARTS: usize = 200_000;

/// The fields `graph` of a model, and `node`, `initializer`, `input`, `output` and `value_info` of a graph.
const GRAPH: u32 = 7;
const COUNTED: [u32; 5] = [1, 5, 11, 12, 13];

/// An error if the graph in `bytes` has too many parts. Invalid protobuf is accepted here and reported when it is parsed.
pub fn check(bytes: &[u8], shown: &str) -> Result<()> {
    for graph in fields(bytes).flatten().filter(|field| field.number == GRAPH).filter_map(|field| field.inside) {
        let parts = fields(graph).flatten().filter(|field| COUNTED.contains(&field.number)).take(PARTS + 1).count();
        if parts > PARTS {
            return Err(Error::config(format!("the model '{shown}' has more than {PARTS} nodes and weights"))
                .hint("This is not an image classifier: the largest have a few thousand nodes."));
        }
    }
    Ok(())
}
