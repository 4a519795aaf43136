//! What the doctor looks at, in this order.

use super::findings::{Findings, Mark};
use crate::capture::{self, Pipeline, devices};
use crate::cli::Origin;
use crate::commands::{line, run};
use crate::config::{self, Camera, ModelSettings};
use crate::error::{Error, Result};
use crate::npu;
use crate::publish::socket;
use crate::runtime::{self, Provider};
use crate::startup::{self, OpenModel, Opened};
use crate::system::access::{self, Access};
use crate::system::signals::Stop;
use crate::system::unix_socket;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The nodes of the NPU, and the memory that it shares.
const NPU_NODES: [&str; 2] = ["/dev/fastrpc-cdsp", "/dev/dma_heap/system"];

/// Everything; without a camera if the flags name a `model_alone`.
pub fn all(origin: &Origin, model_alone: bool, findings: &mut Findings) {
    let (settings, opened) = if model_alone {
        (None, model(origin, findings).map(|model| vec![model]))
    } else {
        configuration(origin, findings).map(|Opened { settings, models }| (settings, models)).unzip()
    };
    let models = match opened.map_or_else(|| startup::model(builtin(origin)).map(|model| vec![model]), Ok) {
        Ok(models) => models,
        Err(error) => return findings.error(Mark::Fail, "model", &error),
    };
    for (n, model) in models.iter().enumerate() {
        let runtime = &model.settings.runtime;
        if models[..n].iter().all(|other| other.settings.runtime != *runtime) {
            onnxruntime(runtime, findings);
            qnn(runtime, findings);
        }
    }
    for name in settings.iter().flat_map(|settings| &settings.unused) {
        findings.note("model", format!("the model '{name}' is not opened"), "No camera has it among its models.");
    }
    let pipelines = gstreamer(settings.as_ref().map_or(&[], |settings| &settings.cameras), findings);
    if !model_alone {
        cameras(&pipelines, findings);
    }
    if let Some(params) = settings.as_ref().and_then(|settings| settings.socket.as_ref()) {
        socket(params, findings);
    }
    models.iter().for_each(|model| inference(model, findings));
}

/// What was asked for cannot be had: then whether anything can, on the provider and with the libraries that are set.
fn builtin(origin: &Origin) -> ModelSettings {
    ModelSettings::builtin(config::as_far_as_readable(origin.file.as_deref(), &origin.flags))
}

/// The model of the flags.
fn model(origin: &Origin, findings: &mut Findings) -> Option<OpenModel> {
    findings.ok("configuration", "the flags: a model and no pipeline, so no camera is checked");
    config::model_of_flags(&origin.flags).and_then(startup::model).map_err(|error| findings.error(Mark::Fail, "model", &error)).ok()
}

fn configuration(origin: &Origin, findings: &mut Findings) -> Option<Opened> {
    const ABOUT: &str = "configuration";
    match run::load(origin).and_then(startup::open) {
        Ok(opened) => {
            let count = opened.settings.cameras.len();
            let origin = origin.file.as_ref().map_or("the flags".to_owned(), |path| format!("'{}'", path.display()));
            findings.ok(ABOUT, format!("{origin}: valid, {count} camera{}", if count == 1 { "" } else { "s" }));
            Some(opened)
        }
        Err(refused) => {
            findings.error(Mark::Fail, ABOUT, &refused.into());
            None
        }
    }
}

fn onnxruntime(params: &runtime::Params, findings: &mut Findings) {
    match runtime::onnxruntime(params) {
        Ok((path, version)) => findings.ok("ONNX Runtime", format!("{version}, '{}'", path.display())),
        Err(error) => findings.error(Mark::Fail, "ONNX Runtime", &error),
    }
}

/// The parts of QNN and the nodes of the NPU; where the CPU is meant, only what is there is told.
fn qnn(params: &runtime::Params, findings: &mut Findings) {
    const ABOUT: &str = "NPU";
    let missing = match params.provider {
        Provider::Qnn => Mark::Fail,
        Provider::Auto => Mark::Note,
        Provider::Cpu => return findings.ok(ABOUT, "not asked for (provider cpu)"),
    };
    match runtime::qnn_parts(params) {
        Ok((qnn, parts)) => {
            findings.ok(ABOUT, qnn);
            for (part, _) in parts.iter().filter(|(_, there)| !there) {
                findings.add(missing, ABOUT, format!("{part} is not beside them"), Some(runtime::how_to_get_qnn()));
            }
        }
        Err(error) => findings.error(missing, ABOUT, &error),
    }
    if let Some(path) = std::env::var_os("ADSP_LIBRARY_PATH").filter(|path| path.to_string_lossy().contains(':')) {
        let what = format!("ADSP_LIBRARY_PATH has a ':': {}", path.to_string_lossy());
        findings.note(ABOUT, what, "FastRPC takes ';' between folders; with ':' it finds none of them.");
    }
    if npu::IS_EMULATED {
        findings.note(
            ABOUT,
            "this machine has none; QNN's emulator stands in",
            "It answers as the NPU does, at a hundredth of its speed.",
        );
        return;
    }
    for node in NPU_NODES.map(Path::new) {
        match access::to(node) {
            Access::Open => findings.ok(ABOUT, format!("'{}' is open to us", node.display())),
            Access::Locked(why) => findings.add(missing, ABOUT, why, Some("systemd/70-glimpsed-npu.rules gives it to the group 'glimpsed'.".into())),
            Access::Absent => findings.add(
                missing,
                ABOUT,
                format!("there is no '{}'", node.display()),
                Some("It comes with the board's kernel and its fastrpc package. Do the CDSP run, and cdsprpcd? systemctl status cdsprpcd".into()),
            ),
        }
    }
}

/// GStreamer and the pipelines; gives those that could be built, with their cameras.
fn gstreamer<'a>(cameras: &'a [Camera], findings: &mut Findings) -> Vec<(&'a Camera, Pipeline)> {
    const ABOUT: &str = "GStreamer";
    let mut pipelines = Vec::new();
    match capture::version() {
        Ok(version) => findings.ok(ABOUT, version),
        Err(error) => {
            findings.error(Mark::Fail, ABOUT, &error);
            return pipelines;
        }
    }
    for camera in cameras {
        match Pipeline::build(&camera.pipeline) {
            Ok(pipeline) => {
                findings
                    .ok(ABOUT, format!("the pipeline of {} has all its elements: {}", camera.name, pipeline.kinds().join(", ")));
                for queue in pipeline.hoarding_queues().iter().filter(|_| camera.live.unwrap_or_else(|| pipeline.may_be_live())) {
                    let what = format!("'{queue}' of {} keeps old frames in front of the appsink", camera.name);
                    findings.note(ABOUT, what, "Leave it out, or make it: queue leaky=downstream max-size-buffers=1");
                }
                pipelines.push((camera, pipeline));
            }
            Err(error) => findings.error(Mark::Fail, ABOUT, &error),
        }
    }
    pipelines
}

/// What cameras there are; and whether those that the pipelines name are among them. One that is away is waited for.
fn cameras(pipelines: &[(&Camera, Pipeline)], findings: &mut Findings) {
    const ABOUT: &str = "cameras";
    let offered = devices::offered();
    let known = devices::list();
    if known.is_empty() {
        findings.ok(ABOUT, "no V4L2 camera is plugged in (/dev/video*)");
    }
    for device in known {
        let formats = offered.iter().find(|(path, _)| *path == device.path).map(|(_, formats)| formats.join("; "));
        let stable = device.stable.as_ref().map(|path| format!(", {}", path.display())).unwrap_or_default();
        let named = format!("'{}' {}{stable}", device.path.display(), device.name);
        match access::to(&device.path) {
            Access::Locked(why) => findings.note(ABOUT, named, why),
            _ => findings.ok(ABOUT, formats.map_or(named.clone(), |formats| format!("{named}: {formats}"))),
        }
    }
    for (camera, pipeline) in pipelines {
        for path in pipeline.devices().iter().filter(|path| access::to(path) == Access::Absent) {
            findings.note(
                ABOUT,
                format!("{} is to open '{}', which is not there now", camera.name, path.display()),
                "It will be waited for.",
            );
        }
    }
}

fn socket(params: &socket::Params, findings: &mut Findings) {
    const ABOUT: &str = "socket";
    let path = &params.path;
    let answer = unix_socket::connect(path);
    if answer.is_ok() || answer.is_err_and(|e| e.kind() == ErrorKind::WouldBlock) {
        let what = format!("somebody listens at '{}'", path.display());
        return findings.note(ABOUT, what, "If that is the service, all is well; a second one needs another socket.");
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (fs::metadata(folder), access::to(folder)) {
        (Err(_), _) if folder.starts_with("/run/glimpsed") => {
            findings.note(ABOUT, format!("'{}' is not there", folder.display()), "systemd makes it when the service starts.");
        }
        (Err(e), _) => findings.error(Mark::Fail, ABOUT, &Error::config(format!("no folder '{}'", folder.display())).because(e)),
        (Ok(_), Access::Locked(why)) => findings.note(ABOUT, why, "The service runs as the user 'glimpsed', and may."),
        _ => findings.ok(ABOUT, format!("'{}' can be made", path.display())),
    }
}

/// The model, its labels, and one real inference on a test picture.
fn inference(model: &OpenModel, findings: &mut Findings) {
    let names = if model.labels.origin().is_some() { "named" } else { "numbered: there are no labels" };
    findings.ok("model", format!("{}: {} classes, {names}", model.model.name, model.labels.len()));
    for (about, said) in model.recipe.lines() {
        findings.ok("model", format!("{about}: {said}"));
    }
    for warning in &model.warnings {
        findings.note("model", warning.clone(), "`glimpsed inspect MODEL` shows what its files say.");
    }
    match infer(model) {
        Ok((said, None)) => findings.ok("inference", said),
        Ok((said, Some(why))) => findings.note("inference", said, why),
        Err(error) => findings.error(Mark::Fail, "inference", &error),
    }
}

/// What an inference said; and what is to be known of it, where the NPU was hoped for and the CPU did it.
fn infer(model: &OpenModel) -> Result<(String, Option<String>)> {
    let mut classifier = model.classifier()?;
    let picture = "videotestsrc num-buffers=1 ! video/x-raw,format=NV12,width=640,height=480 ! appsink name=frames";
    let frame = line::first(&capture::Params::new(picture), &Stop::default())?;
    let frame = frame.ok_or_else(|| Error::failed("the test picture gave no frame"))?;
    let mut prediction = classifier.blank("doctor");
    classifier.classify(&frame, &mut prediction)?;
    let mut best = Vec::new();
    let again = classifier.repeat(&mut best)?;
    let (label, confidence) = prediction.best().unwrap_or_default();
    let execution = classifier.execution();
    let said = format!(
        "{}: a test picture is '{label}' ({:.0} %), {:.1} ms",
        execution.summary(),
        confidence * 100.0,
        again.as_secs_f64() * 1e3
    );
    if execution.provider == "QNN" {
        let mut cpu = model.classifier_of(model.session_on(Provider::Cpu)?);
        let mut other = cpu.blank("doctor");
        cpu.classify(&frame, &mut other)?;
        let (theirs, _) = other.best().unwrap_or_default();
        let took = cpu.repeat(&mut best)?.as_secs_f64() * 1e3;
        return Ok(match theirs == label {
            true => (format!("{said}; the CPU agrees, {took:.1} ms"), None),
            false => (said, Some(format!("The CPU says '{theirs}' ({took:.1} ms): glimpsed compare MODEL IMAGES tells more."))),
        });
    }
    let fell_back = model.settings.runtime.provider == Provider::Auto && execution.provider == "CPU";
    Ok((
        said,
        fell_back
            .then(|| "provider auto found no NPU that it could prove, and took the CPU; the log line above says why.".to_owned()),
    ))
}
