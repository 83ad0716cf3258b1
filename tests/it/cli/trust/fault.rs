//! Tests of `cli::trust::fault`.

use std::path::PathBuf;

use sessctl::cli::trust::fault::{OVERFLOW_UID, Writer, maps};
use sessctl::cli::trust::path::ComponentKind::{Device, Directory, File, Handed, Parent};
use sessctl::cli::trust::path::{ComponentKind, PathComponent, ResolvedPath};

const ALICE: u32 = 1_000;

/// A path of these components: name, kind, owner, group, mode. Each lies in the one before
/// that is a directory.
fn resolved(parts: &[(&str, ComponentKind, u32, u32, u32)]) -> ResolvedPath {
    let mut directory = None;
    let mut components = Vec::new();
    for (name, kind, uid, gid, mode) in parts {
        let (path, kind) = (PathBuf::from(name), kind.clone());
        let is_directory = kind == ComponentKind::Directory;
        let (uid, gid, mode) = (*uid, *gid, *mode);
        let within = directory;
        components.push(PathComponent {
            path,
            kind,
            uid,
            gid,
            mode,
            within,
            id: (0, 0),
            has_list: false,
        });
        if is_directory {
            directory = Some(components.len() - 1);
        }
    }
    let mut resolved = ResolvedPath::to(std::path::Path::new("/")).unwrap();
    resolved.components = components;
    resolved
}

fn link() -> ComponentKind {
    ComponentKind::Link("elsewhere".into())
}

#[track_caller]
fn is_refused(components: &[(&str, ComponentKind, u32, u32, u32)], name: &str, writer: Writer) {
    let resolved = resolved(components);
    let fault = resolved.fault().expect("a fault");
    assert_eq!((fault.component.path.to_str().unwrap(), fault.writer), (name, writer));
}

#[test]
fn a_path_of_roots_own_is_trusted() {
    for components in [
        &[
            ("/", Directory, 0, 0, 0o755),
            ("/etc", Directory, 0, 0, 0o755),
            ("c", File, 0, 0, 0o600),
        ][..],
        // The group root may write.
        &[("/", Directory, 0, 0, 0o775), ("c", File, 0, 0, 0o664)],
        // Others may read, and so may a group.
        &[("/", Directory, 0, 4, 0o755), ("c", File, 0, 4, 0o644)],
        // In a directory where each may delete only what is his own.
        &[
            ("/", Directory, 0, 0, 0o755),
            ("/tmp", Directory, 0, 0, 0o1777),
            ("c", File, 0, 0, 0o600),
        ],
        &[("/tmp", Directory, 0, 0, 0o1777), ("l", link(), 0, 0, 0o777), ("c", File, 0, 0, 0o600)],
        // A link in a directory of root's leads where root says, whoever owns it.
        &[
            ("/etc", Directory, 0, 0, 0o755),
            ("l", link(), ALICE, 0, 0o777),
            ("c", File, 0, 0, 0o600),
        ],
        // Nobody reads what others have written there.
        &[("/dev", Directory, 0, 0, 0o755), ("null", Device, 0, 0, 0o666)],
        &[("/dev", Directory, 0, 0, 0o755), ("pipe", Handed, ALICE, ALICE, 0o600)],
    ] {
        assert_eq!(resolved(components).fault(), None, "{components:?}");
    }
}

#[test]
fn each_component_that_others_control_is_refused() {
    let etc = ("/etc", Directory, 0, 0, 0o755);
    let tmp = ("/tmp", Directory, 0, 0, 0o1777);
    let owner = Writer::Owner(ALICE);
    is_refused(&[etc.clone(), ("c", File, ALICE, 0, 0o600)], "c", owner);
    is_refused(&[etc.clone(), ("c", File, 0, 0, 0o602)], "c", Writer::Everyone);
    is_refused(&[etc.clone(), ("c", File, 0, ALICE, 0o660)], "c", Writer::Group(ALICE));
    is_refused(&[etc.clone(), ("c", Device, ALICE, 0, 0o620)], "c", owner);
    is_refused(&[("d", Directory, ALICE, 0, 0o755), ("c", File, 0, 0, 0o600)], "d", owner);
    is_refused(&[("d", Directory, 0, 7, 0o775), ("c", File, 0, 0, 0o600)], "d", Writer::Group(7));
    is_refused(&[("d", Directory, 0, 0, 0o757), ("c", File, 0, 0, 0o600)], "d", Writer::Everyone);
    is_refused(&[etc.clone(), ("..", Parent, ALICE, 0, 0o755), etc], "..", owner);
    // With the sticky bit: what others have put there, and a directory of theirs.
    is_refused(&[tmp.clone(), ("c", File, ALICE, 0, 0o600)], "c", owner);
    is_refused(
        &[tmp.clone(), ("l", link(), ALICE, 0, 0o777), ("c", File, 0, 0, 0o600)],
        "l",
        owner,
    );
    is_refused(&[tmp, ("c", File, 0, 0, 0o666)], "c", Writer::Everyone);
    is_refused(&[("d", Directory, ALICE, 0, 0o1755), ("c", File, 0, 0, 0o600)], "d", owner);
}

#[test]
fn an_access_control_list_counts_where_the_group_is_roots() {
    let mut resolved = resolved(&[("/etc", Directory, 0, 0, 0o755), ("c", File, 0, 0, 0o660)]);
    resolved.components[1].has_list = true;
    assert_eq!(resolved.fault().map(|fault| fault.writer), Some(Writer::Listed));
}

#[test]
fn a_link_is_in_reach_once_others_control_what_holds_it() {
    let home = ("/home", Directory, 0, 0, 0o755);
    let alice = ("/home/alice", Directory, ALICE, ALICE, 0o755);
    let below = ("d", Directory, 0, 0, 0o755);
    for (components, is_in_reach) in [
        (&[home.clone(), ("l", link(), 0, 0, 0o777), alice.clone()][..], false),
        (&[home.clone(), alice.clone(), below.clone()], false),
        (&[home.clone(), alice.clone(), ("l", link(), 0, 0, 0o777), below.clone()], true),
        (&[home.clone(), alice.clone(), below, ("..", Parent, 0, 0, 0o755)], true),
        (&[("/tmp", Directory, 0, 0, 0o1777), ("l", link(), ALICE, 0, 0o777), home], true),
    ] {
        assert_eq!(resolved(components).link_in_reach().is_some(), is_in_reach, "{components:?}");
    }
}

#[test]
fn a_remedy_is_a_command_for_the_component_at_fault() {
    let remedy = |name, uid, gid, mode| {
        let resolved = resolved(&[(name, File, uid, gid, mode)]);
        resolved.fault().unwrap().remedy()
    };
    assert_eq!(remedy("/etc/c", ALICE, 0, 0o644), "chown -h root:root /etc/c");
    assert_eq!(remedy("/etc/c", ALICE, 0, 0o664), "chown -h root:root /etc/c && chmod go-w /etc/c");
    assert_eq!(remedy("/a b/c", 0, 7, 0o660), "chmod go-w '/a b/c'");
    assert_eq!(remedy("/etc/c", 0, 0, 0o666), "chmod go-w /etc/c");
}

#[test]
fn a_map_of_users_is_read_as_the_kernel_writes_it() {
    for (map, uid, is_mapped) in [
        ("         0          0 4294967295\n", OVERFLOW_UID, true),
        ("         0       1000          1\n", OVERFLOW_UID, false),
        ("0 1000 1\n1 100000 65536\n", OVERFLOW_UID, true),
        ("0 1000 1\n1 100000 65533\n", OVERFLOW_UID, false),
        ("anything else\n", OVERFLOW_UID, true),
    ] {
        assert_eq!(maps(map, uid), is_mapped, "{map}");
    }
}
