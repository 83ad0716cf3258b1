//! Lists the profiles in `profiles/`, so that a file there is all that a framework needs.

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
    let mut list = String::from("&[\n");
    for name in names {
        let path = format!("/profiles/{name}.toml");
        println!("cargo::rerun-if-changed={}", &path[1..]);
        let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))");
        writeln!(list, "    ({name:?}, {text}),")?;
    }
    list.push(']');
    let out = env::var_os("OUT_DIR").ok_or("cargo names no folder for what is made")?;
    fs::write(Path::new(&out).join("profiles.rs"), list)?;
    Ok(())
}
