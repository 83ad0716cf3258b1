//! The units of `packaging/systemd`, which share their restrictions with the printed ones.

use std::fs;
use std::path::Path;

use sessctl::cli::schedule::sandbox::{Sandbox, Writable};
use sessctl::cli::schedule::unit::{Service, Timer};

use super::systemd::{exposure, verify};
use crate::support::{Finished, HOUR, SESSCTL, Sandbox as Place, row};

/// The packaged units: those for all databases, and those of one by its name, which needs no
/// escaping.
fn packaged() -> Vec<(&'static str, String)> {
    let owner_line = |whose: &str| format!("# From the package of sessctl: {whose}");
    let all = (owner_line("all databases of the configuration"), "all databases");
    let one = (owner_line("the database of the configuration with this name"), "%i");
    let service = |(owner_line, whose): &(String, &str), command: &str| {
        Service {
            owner_line: owner_line.clone(),
            description: format!("End and purge unused sessions of {whose}"),
            needs_network: false,
            user: String::new(),
            command: command.to_owned(),
            state: "StateDirectory=sessctl\n".to_owned(),
            sandbox: Some(Sandbox {
                is_root: true,
                has_network: false,
                writable: Writable::Sites,
                has_private_tmp: true,
            }),
        }
        .to_string()
    };
    let timer = |(owner_line, whose): &(String, &str)| {
        Timer {
            owner_line: owner_line.clone(),
            description: format!("End and purge unused sessions of {whose}"),
            calendar: "*-*-* *:*:00".to_owned(),
        }
        .to_string()
    };
    vec![
        ("sessctl.service", service(&all, "/usr/bin/sessctl run --log /var/log/sessctl.log")),
        ("sessctl.timer", timer(&all)),
        (
            "sessctl@.service",
            service(&one, "/usr/bin/sessctl --db %i run --log /var/log/sessctl.log"),
        ),
        ("sessctl@.timer", timer(&one)),
    ]
}

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/systemd"))
}

/// `SESSCTL_UPDATE=1` writes them.
#[test]
fn the_packaged_units_are_made_like_the_printed_ones() {
    let is_update = std::env::var_os("SESSCTL_UPDATE").is_some();
    for (name, text) in packaged() {
        let path = directory().join(name);
        if is_update {
            fs::write(&path, &text).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{name}");
    }
    let others = fs::read_dir(directory()).unwrap().count();
    assert_eq!(others, packaged().len());
}

/// The units, with this program instead of the installed one.
fn installed() -> Place {
    let place = Place::without_database();
    for (name, text) in packaged() {
        place.file(name, text.replace("/usr/bin/sessctl", SESSCTL));
    }
    place
}

#[test]
#[ignore = "needs systemd"]
fn systemd_accepts_the_packaged_units() {
    let place = installed();
    // An instance stands for the template.
    for kind in ["service", "timer"] {
        fs::copy(
            place.path(&format!("sessctl@.{kind}")),
            place.path(&format!("sessctl@shop-1.eu.{kind}")),
        )
        .unwrap();
    }
    verify(
        &[
            "sessctl.service",
            "sessctl.timer",
            "sessctl@shop-1.eu.service",
            "sessctl@shop-1.eu.timer",
        ]
        .map(|name| place.path(name)),
    );
}

#[test]
#[ignore = "needs systemd"]
fn the_packaged_units_expose_little() {
    let place = installed();
    for name in ["sessctl.service", "sessctl@.service"] {
        let exposure = exposure(&place.path(name));
        assert!(exposure <= 2.0, "{name}: {exposure}");
    }
}

/// The lines that systemd starts do what they should: the one for all databases, of which there is
/// one here, and the one for an instance.
#[test]
fn the_packaged_commands_run() {
    let place = Place::new();
    let job = "[[job]]\nname = \"purge\"\nat = \"15 * *\"\ndo = \"purge\"\n";
    let database = "[[database]]\nname = \"shop-1.eu\"\npath = \"app.db\"\n";
    place.file("c.toml", format!("{job}{database}"));
    let run = |line: &str| {
        let line = line.replace("%i", "shop-1.eu").replace("/var/log/", "");
        let mut command = place.command(line.split(' ').skip(1));
        command.env_remove("SESSCTL_DB").env("SESSCTL_CONFIG", place.path("c.toml"));
        Finished(command.output().unwrap())
    };
    for (name, service) in packaged().iter().filter(|(name, _)| name.contains("service")) {
        place.insert(&row(name).idle(HOUR));
        let line = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        // The first run of a job makes it known.
        for _ in 0..2 {
            run(line).succeeds().is_silent();
            place.jobs_have_waited();
        }
        assert_eq!(
            place.listed(["--state", "ended"]).len(),
            if name.contains('@') { 2 } else { 1 }
        );
    }
}

/// The advice in the comments is a drop-in that systemd accepts.
#[test]
#[ignore = "needs systemd"]
fn the_network_can_be_allowed() {
    let place = installed();
    let unit = place.path("sessctl.service");
    let text = fs::read_to_string(&unit).unwrap();
    let advice = text.lines().skip_while(|line| *line != "#   [Service]");
    let drop_in: Vec<&str> = advice.map_while(|line| line.strip_prefix("#   ")).collect();
    assert_eq!(drop_in.len(), 4, "{drop_in:?}");
    let directory = place.path("sessctl.service.d");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("network.conf"), drop_in.join("\n") + "\n").unwrap();
    verify(&[unit]);
}
