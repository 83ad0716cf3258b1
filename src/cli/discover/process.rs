//! Examiners as the processes that `discover` starts.

use std::env;
use std::io::{BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::answer::Answer;
use super::examiner::{self, ANSWER, READY};
use super::walk::Candidate;
use crate::cli::privileges::message::{receive, send};

/// Time for one answer, several times that of the slowest file. A file of a broken network file
/// system may never be read.
const MAX_WAIT: Duration = Duration::from_secs(15);
/// Time in which a process that is killed ends.
const MAX_END: Duration = Duration::from_secs(1);
/// Bytes of requests that wait for their answers. A pipe holds them, so that writing never blocks.
const MAX_PENDING: usize = 32 << 10;
/// Failures after which another process takes over: an error may leave a descriptor open.
const MAX_FAILURES: u32 = 200;

/// A user and a group, by their numbers; `None`: those of this process.
pub type User = Option<(u32, u32)>;

/// Examines files with the privileges of a user, and passes on each answer. A file on which the
/// process dies or hangs costs no other one its answer.
pub fn examine(
    user: User,
    files: &[Candidate],
    mut answer: impl FnMut(&Candidate, Answer) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut files = Queue::new(files);
    let mut process: Option<Process> = None;
    while let Some(file) = files.first() {
        let running = match process.take() {
            Some(running) => running,
            None => match Process::start(user) {
                Ok(started) => started,
                Err(error) => {
                    let why = format!("{error:#}");
                    for file in files.take_all() {
                        answer(file, Answer::Unreadable(why.clone()))?;
                    }
                    return Ok(());
                }
            },
        };
        let mut running = running;
        let _ = files.send(&mut running);
        let received = running.receive();
        files.pop();
        match received {
            Ok(received) => {
                running.failures += u32::from(matches!(received, Answer::Failed(_)));
                answer(file, received)?;
                process = Some(running);
            }
            Err(error) => answer(file, Answer::Failed(format!("{error:#}")))?,
        }
        if process.as_ref().is_none_or(|it| it.failures >= MAX_FAILURES) {
            process = None;
            files.send_again();
        }
    }
    Ok(())
}

/// Files without an answer: the first ones have been sent.
struct Queue<'f> {
    files: &'f [Candidate],
    sent: usize,
    pending: usize,
}

impl<'f> Queue<'f> {
    const fn new(files: &'f [Candidate]) -> Self {
        Self { files, sent: 0, pending: 0 }
    }

    fn first(&self) -> Option<&'f Candidate> {
        self.files.first()
    }

    fn pop(&mut self) {
        if let Some((first, rest)) = self.files.split_first() {
            self.pending = self.pending.saturating_sub(length(first));
            self.sent = self.sent.saturating_sub(1);
            self.files = rest;
        }
    }

    fn take_all(&mut self) -> &'f [Candidate] {
        std::mem::take(&mut self.files)
    }

    const fn send_again(&mut self) {
        (self.sent, self.pending) = (0, 0);
    }

    fn send(&mut self, process: &mut Process) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        while let Some(file) = self.files.get(self.sent)
            && (self.sent == 0 || self.pending + length(file) <= MAX_PENDING)
        {
            send(&mut bytes, "examine", &examiner::request(&file.path, file.id))?;
            (self.sent, self.pending) = (self.sent + 1, self.pending + length(file));
        }
        process.requests.write_all(&bytes)
    }
}

/// Upper bound of the length of a request.
fn length(file: &Candidate) -> usize {
    file.path.as_os_str().len() + 80
}

struct Process {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    failures: u32,
}

impl Process {
    fn start(user: User) -> anyhow::Result<Self> {
        let program = env::current_exe().context("could not find the executable of sessctl")?;
        let mut command = Command::new(program);
        command.arg(examiner::COMMAND);
        if let Some((user, group)) = user {
            command.args(["--user", &user.to_string(), &group.to_string()]);
        }
        let started = command
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = started.context("could not start the process that examines files")?;
        let requests = child.stdin.take().context("the examiner has no input")?;
        let answers = child.stdout.take().context("the examiner has no output")?;
        let answers = BufReader::new(answers);
        let mut process = Self { child, requests, answers, failures: 0 };
        match process.next()? {
            (ready, _) if ready == READY => Ok(process),
            (_, error) => Err(anyhow!(String::from_utf8_lossy(&error).into_owned())),
        }
    }

    fn receive(&mut self) -> anyhow::Result<Answer> {
        let (name, body) = self.next()?;
        let answer = Some(name).filter(|name| name == ANSWER).and_then(|_| Answer::parse(&body));
        answer.context("unexpected answer")
    }

    /// The next message, within the time for one file.
    fn next(&mut self) -> anyhow::Result<(String, Vec<u8>)> {
        if self.answers.buffer().is_empty() && !is_readable(self.answers.get_ref(), MAX_WAIT)? {
            return Err(anyhow!("not read within {} s", MAX_WAIT.as_secs()));
        }
        receive(&mut self.answers)?.context("the process that read it has died")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may hang, even so that nothing ends it. Then it ends with this process, or never.
        let _ = self.child.kill();
        let until = Instant::now() + MAX_END;
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            sleep(Duration::from_millis(1));
        }
    }
}

/// Waits until there is something to read; `false`: nothing came in time.
fn is_readable(answers: &ChildStdout, wait: Duration) -> anyhow::Result<bool> {
    let until = Instant::now() + wait;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let mut polled = [PollFd::new(answers, PollFlags::IN)];
        match poll(&mut polled, Some(&Timespec::try_from(left)?)) {
            Err(Errno::INTR) => {}
            ready => return Ok(ready? > 0),
        }
    }
}
