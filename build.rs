//! Lists the profiles in `profiles/`, so that a file there is all that a framework needs, with an
//! index of what detection compares before it parses one of them.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=profiles");
    let mut names = Vec::new();
    for entry in fs::read_dir("profiles")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_stem().and_then(|name| name.to_str());
            names.push(name.ok_or("a profile has a name that is no UTF-8")?.to_owned());
        }
    }
    names.sort();
    let (mut list, mut outlines) = (String::from("&[\n"), String::from("&[\n"));
    for name in names {
        let path = format!("profiles/{name}.toml");
        println!("cargo::rerun-if-changed={path}");
        let content = fs::read_to_string(&path)?;
        let outline = outline(&name, &content).map_err(|missing| format!("{path}: {missing}"))?;
        let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{path}\"))");
        writeln!(list, "    ({name:?}, {text}),")?;
        writeln!(outlines, "    {outline},")?;
    }
    let out = env::var_os("OUT_DIR").ok_or("cargo names no folder for what is made")?;
    fs::write(Path::new(&out).join("profiles.rs"), list + "]")?;
    fs::write(Path::new(&out).join("outlines.rs"), outlines + "]")?;
    Ok(())
}

/// The outline of a profile, in Rust. Of TOML, this reads what the keys concerned need: strings in
/// double quotes without escapes.
fn outline(name: &str, text: &str) -> Result<String, String> {
    let is_setting = |line: &&str| !line.starts_with('[');
    let is_comment = |line: &&str| line.trim_start().starts_with('#');
    let lines = text.lines().filter(|line| !is_comment(line));
    let top: Vec<&str> = lines.take_while(is_setting).collect();
    let value = |key: &str| {
        let starts = |line: &&str| line.split('=').next().is_some_and(|name| name.trim() == key);
        let begin = top.iter().position(starts)?;
        let (_, first) = top[begin].split_once('=')?;
        let is_whole = |part: &str| !part.trim_start().starts_with('[') || part.contains(']');
        let rest = if is_whole(first) { &[] } else { &top[begin + 1..] };
        let end = rest.iter().position(|line| line.contains(']')).map_or(0, |end| end + 1);
        Some(format!("{first} {}", rest[..end].join(" ")))
    };
    let strings = |key| value(key).map(|value| quoted(&value));
    let table = strings("table").filter(|names| names.len() == 1).ok_or("has no table")?;
    let columns = strings("columns").filter(|names| !names.is_empty()).ok_or("has no columns")?;
    Ok(format!("({name:?}, {:?}, &{columns:?})", table[0]))
}

/// The strings in a value.
fn quoted(value: &str) -> Vec<String> {
    value.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
