//! What numbers are measured on.

/// The model as Linux names it.
pub fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("model name"));
    line.and_then(|line| line.split_once(':')).map_or("unknown".into(), |(_, model)| model.trim().into())
}

/// How many processes wanted to run, on average over the last minute: with more than none, times say little.
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().map_or("unknown".into(), String::from)
}
