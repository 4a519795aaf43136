//! What `unchanged` saves: a still scene with the noise of a webcam, at 30 frames/s, with and without it.
//!
//! `cargo bench --bench still` (with ONNX Runtime from `make setup`; half a minute). `MODEL=FILE` in the environment is another model than the
//! built-in one, whose inference costs next to nothing. The scene changes once, in the middle.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const WIDTH: usize = 640;
const HEIGHT: usize = 480;
const FRAMES: usize = 300;

/// The standard deviation of the noise of each sample, of 255.
const SIGMA: f64 = 2.0;

fn main() {
    // `cargo test --benches` runs this binary, but must not run the benchmark
    if std::env::args().any(|flag| flag == "--test") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let film = folder.path().join("film.nv12");
    write(&film).expect("the film is written");
    println!("unchanged  results  runs of the model  changes of the best class  processor s of {} s", FRAMES / 30);
    for unchanged in [None, Some("0.003"), Some("0.01"), None, Some("0.003"), Some("0.01")] {
        measure(&film, unchanged);
    }
}

fn measure(film: &Path, unchanged: Option<&str>) {
    let model = std::env::var("MODEL").unwrap_or_else(|_| "testcard".into());
    let mut command = Command::new(env!("CARGO_BIN_EXE_glimpsed"));
    command.args(["--quiet", "run", "--json", "--live=true", "--model", &model]);
    command.args(unchanged.iter().flat_map(|share| ["--unchanged", share]));
    let source = format!(
        "filesrc location={} ! rawvideoparse format=nv12 width={WIDTH} height={HEIGHT} framerate=30/1 ! identity sync=true ! appsink name=frames",
        film.display()
    );
    command.args(["--frames", &(FRAMES - 10).to_string(), "--"]).args(source.split(' '));
    command.env("ORT_DYLIB_PATH", Path::new(env!("CARGO_MANIFEST_DIR")).join(".runtime/onnxruntime"));
    let before = processor_ms();
    let mut daemon = command.stdout(Stdio::piped()).spawn().expect("the daemon starts");
    let (mut results, mut runs, mut changes, mut last) = (0, 0, 0, Value::Null);
    for line in BufReader::new(daemon.stdout.take().expect("it was piped")).lines() {
        let result: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let best = result["classifications"][0]["index"].clone();
        results += 1;
        runs += u32::from(result["reused"] != true);
        changes += u32::from(results > 1 && best != last);
        last = best;
    }
    daemon.wait().expect("it ends");
    let seconds = (processor_ms() - before) as f64 / 1e3;
    println!("{:9}  {results:7}  {runs:17}  {changes:25}  {seconds:.2}", unchanged.unwrap_or("off"));
}

/// Processor time of all children so far.
fn processor_ms() -> i64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts");
    usage.user_time().num_milliseconds() + usage.system_time().num_milliseconds()
}

/// Two pictures, each for half of the time, as NV12 with noise.
fn write(path: &Path) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut noise = Noise(1);
    let scenes =
        [|x: usize, y: usize| 40 + x * 160 / WIDTH + y * 40 / HEIGHT, |x: usize, y: usize| 60 + (x / 80 + y / 80) % 2 * 120];
    for n in 0..FRAMES {
        let scene = scenes[n * 2 / FRAMES];
        for y in 0..HEIGHT {
            let row: Vec<_> = (0..WIDTH).map(|x| noise.on(scene(x, y) as f64)).collect();
            file.write_all(&row)?;
        }
        let chroma: Vec<_> = (0..WIDTH * HEIGHT / 2).map(|_| noise.on(128.0)).collect();
        file.write_all(&chroma)?;
    }
    file.flush()
}

/// A generator of nearly normal numbers.
struct Noise(u64);

impl Noise {
    /// `level` with noise.
    fn on(&mut self, level: f64) -> u8 {
        // the sum of twelve numbers of 0..1 has a standard deviation of 1
        let sum: f64 = (0..12).map(|_| self.uniform()).sum();
        (level + (sum - 6.0) * SIGMA).round().clamp(0.0, 255.0) as u8
    }

    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}
