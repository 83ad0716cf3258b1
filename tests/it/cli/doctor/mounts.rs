//! Tests of `cli::doctor::mounts`.

use std::path::Path;

use sessctl::cli::doctor::mounts::Mount;

const MOUNTS: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 22 0:40 / /srv rw,nosuid - nfs4 server:/export rw,vers=4.2
31 30 0:41 / /srv/my\\040app ro - fuse.sshfs user@host:/ rw
32 22 0:42 / /mnt rw - ext4 /dev/sdb1 ro
33 22 0:43 / /mnt rw - tmpfs tmpfs rw
a line of another form
";

fn mount(path: &str) -> Option<(String, String, bool)> {
    let Mount { point, kind, is_read_only } = Mount::of(Path::new(path), MOUNTS)?;
    Some((point.display().to_string(), kind, is_read_only))
}

#[test]
fn the_deepest_mount_holds_a_file() {
    let found = |path| mount(path).unwrap();
    let of =
        |point: &str, kind: &str, is_read_only| (point.to_owned(), kind.to_owned(), is_read_only);
    assert_eq!(found("/var/app.db"), of("/", "ext4", false));
    assert_eq!(found("/srv/app.db"), of("/srv", "nfs4", false));
    assert_eq!(found("/srvapp/app.db"), of("/", "ext4", false));
    assert_eq!(found("/srv/my app/app.db"), of("/srv/my app", "fuse.sshfs", true));
    // The last mount hides the one before.
    assert_eq!(found("/mnt/app.db"), of("/mnt", "tmpfs", false));
    assert_eq!(Mount::of(Path::new("/app.db"), ""), None);
}
