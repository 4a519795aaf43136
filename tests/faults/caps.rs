//! The caps of `faultsrc`: valid ones, and invalid ones.

use gstreamer as gst;

/// The caps of the first frame in `mode`.
pub fn first(mode: &str, format: &str, (width, height): (i32, i32), fps: i32) -> gst::Caps {
    let text = match mode {
        "caps-no-framerate" => format!("video/x-raw,format={format},width={width},height={height}"),
        "caps-no-size" => format!("video/x-raw,format={format},framerate=30/1"),
        "caps-zero-size" => format!("video/x-raw,format={format},width=0,height=0,framerate=30/1"),
        "caps-alternate" => {
            format!("video/x-raw,format={format},width={width},height={height},framerate=30/1,interlace-mode=alternate")
        }
        "caps-views" => format!("video/x-raw,format={format},width={width},height={height},framerate=30/1,views=2"),
        _ => return sound(format, (width, height), fps),
    };
    text.parse().expect("the caps above are well formed")
}

/// Valid caps.
pub fn sound(format: &str, (width, height): (i32, i32), fps: i32) -> gst::Caps {
    gst::Caps::builder("video/x-raw")
        .field("format", format)
        .field("width", width)
        .field("height", height)
        .field("framerate", gst::Fraction::new(fps.max(1), 1))
        .build()
}

/// The format and size of frame `n` in the mode `sizes`, where each differs from the previous one.
pub fn changing(n: u64) -> (&'static str, (i32, i32)) {
    const FORMATS: [&str; 9] = ["RGB", "NV12", "YUY2", "GRAY8", "I420", "BGRx", "Y444", "UYVY", "Y42B"];
    let side = |step: u64, most: u64| (1 + n * step % most) as i32;
    (FORMATS[(n % FORMATS.len() as u64) as usize], (side(37, 400), side(53, 300)))
}
