//! Limits of a model file, checked before it is parsed: a few bytes of a file can require much memory.

use crate::error::{Error, Result};

/// The largest file: protobuf's own limit. Larger weights are in external files.
pub const FILE: u64 = (2 << 30) - 1;

/// The maximum number of nodes and initializers of the graph: the largest exported models have about ten thousand.
const PARTS: usize = 200_000;

/// The fields `graph` of a model, and `node`, `initializer`, `input`, `output` and `value_info` of a graph.
const GRAPH: u64 = 7;
const COUNTED: [u64; 5] = [1, 5, 11, 12, 13];

/// An error if the graph in `bytes` has too many parts. Invalid protobuf is accepted here and reported when it is parsed.
pub fn check(bytes: &[u8], shown: &str) -> Result<()> {
    for graph in fields(bytes).filter(|(field, _)| *field == GRAPH) {
        let parts = fields(graph.1).filter(|(field, _)| COUNTED.contains(field)).take(PARTS + 1).count();
        if parts > PARTS {
            return Err(Error::config(format!("the model '{shown}' has more than {PARTS} nodes and weights"))
                .hint("This is not an image classifier: the largest have a few thousand nodes."));
        }
    }
    Ok(())
}

/// The length-delimited fields of a protobuf message; ends where it is invalid.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        loop {
            let key = prost::encoding::decode_varint(&mut bytes).ok()?;
            let skip = match key & 7 {
                0 => {
                    prost::encoding::decode_varint(&mut bytes).ok()?;
                    0
                }
                1 => 8,
                2 => {
                    let length = usize::try_from(prost::encoding::decode_varint(&mut bytes).ok()?).ok()?;
                    let (inside, rest) = bytes.split_at_checked(length)?;
                    bytes = rest;
                    return Some((key >> 3, inside));
                }
                5 => 4,
                _ => return None,
            };
            bytes = bytes.get(skip..)?;
        }
    })
}
