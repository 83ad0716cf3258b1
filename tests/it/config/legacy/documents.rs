//! Program documents, as jobs.

use super::{block_of, said_of};

#[test]
fn a_program_document_is_a_job() {
    let job = |fields: &[(&str, &str)]| {
        let fields = fields.iter().map(|(name, value)| format!("\"{name}\" = '''{value}'''\n"));
        block_of(&fields.collect::<String>())
    };
    let imap = ("Command line", "-c \"restart task imap\"");
    let at = ("Run at times", "04:00");
    let daily = |days| job(&[imap, at, ("Days of week", days)]);
    let range = |times, repeat| job(&[imap, ("Run at times", times), ("Repeat interval", repeat)]);
    let host = |host| job(&[imap, at, ("Server to run on", host)]);
    let command = |name, command| job(&[("Program name", name), ("Command line", command), at]);
    let said = [
        job(&[imap]),
        job(&[imap, ("Repeat interval", "240")]),
        job(&[imap, ("Repeat interval", "4 hours")]),
        job(&[imap, ("Repeat interval", "240"), ("Days of week", "Mon-Fri, sun")]),
        daily("Su, Sa"),
        daily("1, 7"),
        daily("Mo, Di"),
        daily("Weekdays"),
        range("11:30 PM", "0 minutes"),
        range("04:15, 16:30", "0"),
        range("04:00, 16:00", "60"),
        range("08:00 AM - 10:00 PM", "60"),
        range("08:00 - 22:00", "30"),
        range("12:00 AM - 11:59 PM", "15 minutes"),
        range("10:00 PM - 06:00 AM", "60"),
        range("00:00 - 23:59", "45"),
        range("00:00 - 23:59", "90"),
        range("00:00 - 23:59", "7"),
        range("at night", ""),
        range("\u{1f552}", "0"),
        job(&[imap, at, ("Enabled/disabled", "At server startup only")]),
        job(&[imap, at, ("Enabled/disabled", "Disabled"), ("Comments", "why")]),
        host("mail1/Acme"),
        host("CN=mail1/O=Acme"),
        host("mail1/Acme, mail2/Acme"),
        host("LocalDomainServers"),
        host("*"),
        command("nserver", "-c \"restart task imap; restart task pop3\""),
        command("nserver", "-c \"tell imap quit\""),
        command("nserver", "-c \"tell router compact\""),
        command("nserver", "-c \"restart server\""),
        command("compact", "-B -S10"),
        command("nupdall", ""),
        command("cmd.exe", "/c x"),
        job(&[("Command line", "drop all"), at]),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; # no Run at times; using 04:00
    [[job]]; name = "restart imap"; every = "240m"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; every = "240m"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 0,4,8,12,16,20 1,2,3,4,5,7"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 4 6,7"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; # Days of week "1, 7": not names of weekdays; using every day
    [[job]]; name = "restart imap"; at = "0 4 1,2"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 4 1-5"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "30 23 *"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "15 4 *"; do = "cycle"; task = "imap"; [[job]]; name = "restart imap 2"; at = "30 16 *"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 4,16 *"; do = "cycle"; task = "imap"; # Repeat interval "60": not repeated, because Run at times "04:00, 16:00" is not a range
    [[job]]; name = "restart imap"; at = "0 8-22 *"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 8-22 *"; do = "cycle"; task = "imap"; [[job]]; name = "restart imap 2"; at = "30 8-21 *"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0,15,30,45 * *"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 0,1,2,3,4,5,6,22,23 *"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0,45 0,3,6,9,12,15,18,21 *"; do = "cycle"; task = "imap"; [[job]]; name = "restart imap 2"; at = "15 2,5,8,11,14,17,20,23 *"; do = "cycle"; task = "imap"; [[job]]; name = "restart imap 3"; at = "30 1,4,7,10,13,16,19,22 *"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 0,3,6,9,12,15,18,21 *"; do = "cycle"; task = "imap"; [[job]]; name = "restart imap 2"; at = "30 1,4,7,10,13,16,19,22 *"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; # Run at times "00:00 - 23:59", every 7 minutes: cannot be converted to schedules; using 04:00
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; # Run at times "at night": cannot be converted to schedules; using 04:00
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; # Run at times "🕒": cannot be converted to schedules; using 04:00
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; enabled = false; # Enabled/disabled "At server startup only": not recognized; the job is disabled (enabled = false)
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; enabled = false; # Comments: "why"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; host = "mail1"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; host = "mail1"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; host = "mail1"; [[job]]; name = "restart imap 2"; at = "0 4 *"; do = "cycle"; task = "imap"; host = "mail2"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; # Server to run on "LocalDomainServers": if it is a group, add a job for each host; host = "LocalDomainServers"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"; [[job]]; name = "restart pop3"; at = "0 4 *"; do = "cycle"; task = "pop3"
    [[job]]; name = "restart imap"; at = "0 4 *"; do = "cycle"; task = "imap"
    # "tell router compact": no counterpart in sessctl; leave it to Domino
    # "restart server": no counterpart in sessctl; leave it to Domino
    # "compact -B -S10": no counterpart in sessctl; leave it to Domino
    # "nupdall": no counterpart in sessctl; leave it to Domino
    # "cmd.exe /c x": no counterpart in sessctl; leave it to Domino
    [[job]]; name = "restart all"; at = "0 4 *"; do = "cycle"; task = "*"
    "#);
    // In a job that is there already, it has what that lacks
    let said =
        said_of("[[job]]\nname = \"x\"\nevery = \"1h\"\n\"Command line\" = \"tell imap quit\"\n");
    insta::assert_snapshot!(said, @r#"
    c.toml:4: job.Command line: this is a Domino Program document field; replace lines 1 to 4 with:

        [[job]]
        name = "x"
        every = "1h"
        do = "cycle"
        task = "imap"

        # no Run at times; using 04:00
    "#);
}

#[test]
fn two_program_documents_are_two_jobs() {
    for blank in ["", "\n"] {
        let block = block_of(&format!(
            "Program name: nserver\nCommand line: -c \"restart task imap\"\nComments: x\n\
             Enabled/disabled: Disabled\nRun at times: 23:00\n{blank}Program name: nserver\n\
             Command line: -c \"restart task imap\"\nRun at times: 04:00\n"
        ));
        assert_eq!(
            block,
            "[[job]]; name = \"restart imap\"; at = \"0 23 *\"; do = \"cycle\"; task = \"imap\"; enabled = false; [[job]]; name = \"restart imap 2\"; at = \"0 4 *\"; do = \"cycle\"; task = \"imap\"; # Comments: \"x\""
        );
    }
}
