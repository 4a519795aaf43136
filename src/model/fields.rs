//! The fields of a protobuf message, as slices of it: nothing is decoded or copied.

use prost::encoding::{WireType, decode_key, decode_varint};

/// One field.
pub struct Field<'a> {
    pub number: u32,
    /// Key and content.
    pub whole: &'a [u8],
    /// The content, where it is a message, a text or bytes.
    pub inside: Option<&'a [u8]>,
}

/// The fields of the message in `bytes`; `None` is the last where it is invalid.
pub fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Option<Field<'_>>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let field = first(bytes);
        bytes = field.as_ref().map_or(&[], |field| &bytes[field.whole.len()..]);
        Some(field)
    })
}

fn first(bytes: &[u8]) -> Option<Field<'_>> {
    let mut rest = bytes;
    let (number, kind) = decode_key(&mut rest).ok()?;
    let length = match kind {
        WireType::Varint => decode_varint(&mut rest).ok().map(|_| 0)?,
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        WireType::LengthDelimited => usize::try_from(decode_varint(&mut rest).ok()?).ok()?,
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let inside = (kind == WireType::LengthDelimited).then_some(content);
    Some(Field { number, whole: &bytes[..bytes.len() - rest.len()], inside })
}
