"""Builds the container image for real, and runs it as compose.yaml does. About three minutes.

It is built twice, in two folders: the layers must be the same, byte for byte.

`image.py [BASE]`: BASE is a folder with the root of a Linux that has Python 3.11 or newer as
`python`; without it a Debian is made. Nothing is fetched from a registry of images. Needs root,
buildah, and debootstrap unless BASE is given. Pip inside the build uses this machine's pip.conf,
which does not get into the image.

0: built, and every check passed. 1: not so. 75: could not be tried here.
"""

import http.cookiejar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
COULD_NOT_TRY: Final = 75
# Put into the build's folder as a deployer's secrets would lie there.
CANARY: Final = "canary-b7e1c05d"
PASSWORD: Final = "correct-horse-battery"  # noqa: S105  (of a panel that lives for seconds)
HOST: Final = "panel.example"
# The time of both builds: any, but the same.
EPOCH: Final = "1767225600"
# What docker sets up for `--read-only --user 10001:10001 --tmpfs /tmp` with a volume at /data.
CONTAINER: Final = """
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
mount --bind "$2" "$1/data"
mount -o remount,ro,bind "$1"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/tmp"
mount --rbind /dev "$1/dev"
image=$1
shift 2
exec chroot --userspec=10001:10001 "$image" /usr/bin/env -i "$@"
"""


class Failed(Exception):
    """What is wrong with the image, as a sentence."""


class Builder:
    """buildah, with a store of its own that goes with the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str | Path) -> str:
        return run(
            *("buildah", "--storage-driver", "vfs"),
            *("--root", self.folder / "store", "--runroot", self.folder / "run", *arguments),
        )

    def build(self, context: Path, *options: str, tag: str) -> None:
        self("bud", "--isolation", "chroot", "--format", "docker", "-t", tag, *options, context)


def main(arguments: list[str]) -> int:
    if missing := _missing(bool(arguments)):
        print(f"The image cannot be built here: {missing}.")
        return COULD_NOT_TRY
    with tempfile.TemporaryDirectory(prefix="panel-image-") as name:
        folder = Path(name)
        builder = Builder(folder)
        try:
            base = Path(arguments[0]) if arguments else make_base(folder / "base")
            build(builder, folder, base)
            check(builder, folder)
        except Failed as reason:
            print(f"FAILED: {reason}")
            return 1
    print("The image builds twice to the same bytes, runs read-only as user 10001, serves,")
    print("holds no secret, and says what is in it.")
    return 0


def _missing(base_is_there: bool) -> str | None:
    if os.geteuid() != 0:
        return "it takes root"
    for tool in ("buildah", "unshare", *(() if base_is_there else ("debootstrap",))):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    isolated = [shutil.which("unshare") or "", "--mount", "--pid", "--fork", "true"]
    if subprocess.run(isolated, check=False).returncode:
        return "the kernel lets nobody make a mount namespace"
    return None


def make_base(folder: Path) -> Path:
    """A Debian with Python, for want of a registry of images."""
    say("a base image with debootstrap")
    run(
        *("debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates"),
        *("bookworm", folder),
    )
    (folder / "usr/bin/python").symlink_to("python3")
    return folder


def build(builder: Builder, folder: Path, base: Path) -> None:
    say("the image from the Dockerfile")
    context = folder / "context"
    context.mkdir()
    with tarfile.open(context / "base.tar", "w") as tar:
        tar.add(base, ".", filter=_wanted)
    (context / "Dockerfile").write_text(
        "FROM scratch\nADD base.tar /\nENV PATH=/usr/bin:/bin:/usr/sbin:/sbin\n"
    )
    builder.build(context, tag="localhost/base")
    shutil.rmtree(context)
    build_twice(builder, folder)


def build_twice(builder: Builder, folder: Path) -> None:
    """In two folders, whose files have other times, one after the other."""
    # The machine's way to the registry is lent to the build, not copied into it.
    lent = [
        path
        for path in ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
        if Path(path).exists()
    ]
    volumes = [f"--volume={path}:{path}:ro" for path in lent]
    given = ("--build-arg=BASE=localhost/base", f"--build-arg=SOURCE_DATE_EPOCH={EPOCH}")
    for place, tag in (("context", "localhost/panel"), ("elsewhere", "localhost/again")):
        _checkout(folder / place)
        builder.build(folder / place, *given, "--timestamp", EPOCH, *volumes, tag=tag)
    say("the same layers both times")
    once, again = (layers_of(builder, tag) for tag in ("localhost/panel", "localhost/again"))
    expect(once == again, f"two builds differ:\n{once}\n{again}")
    print(f"  {len(once)} layers, the last {once[-1]}")


def layers_of(builder: Builder, tag: str) -> list[str]:
    described = json.loads(builder("inspect", "--type", "image", tag))
    layers: list[str] = described["Docker"]["rootfs"]["diff_ids"]
    return layers


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    skipped = r"\./(proc|sys|dev|var/cache/apt|var/lib/apt/lists|usr/share/(doc|man|locale))/"
    return None if re.match(skipped, member.name) else member


def _checkout(context: Path) -> None:
    """The committed files and those being worked on, beside secrets as a deployer keeps them."""
    listed = run("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard")
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, context / name)
    for name in (".env", "panel.env", "secrets/token_keys", "panel.sqlite3", "adminpanel/.env"):
        (context / name).parent.mkdir(exist_ok=True)
        (context / name).write_text(CANARY)


def check(builder: Builder, folder: Path) -> None:
    say("what it says of itself")
    check_configuration(json.loads(builder("inspect", "--type", "image", "localhost/panel")))
    say("its layers")
    builder("push", "localhost/panel", f"dir:{folder}/layers")
    check_layers(folder / "layers")
    say("it runs")
    image = Path(builder("mount", builder("from", "localhost/panel").strip()).strip())
    (folder / "data").mkdir()
    os.chown(folder / "data", 10001, 10001)
    check_running(image, folder / "data")


def check_configuration(described: dict[str, dict[str, dict[str, object]]]) -> None:
    config = described["Docker"]["config"]
    expect(config["User"] == "10001:10001", "it does not run as user 10001")
    expect(config["Healthcheck"], "it has no health check")
    names = [str(setting).partition("=")[0] for setting in config["Env"]]  # type: ignore[attr-defined]
    secret = [name for name in names if re.search("KEY|PASSWORD|SECRET|TOKEN|URL", name)]
    expect(not secret, f"its environment holds {secret}")


def check_layers(folder: Path) -> None:
    """No file of a deployer's, no database and nothing of the demo in any layer."""
    for layer in folder.iterdir():
        if not tarfile.is_tarfile(layer):
            continue
        with tarfile.open(layer) as tar:
            for member in tar:
                # The mount point that the build's pip.conf was lent at stays, empty.
                if not member.isfile() or member.size == 0:
                    continue
                name = member.name
                own = re.match(r"(\./)?app/", name)
                odd = re.search(r"(\.sqlite3|\.env|/pip\.conf|/secrets/.*)$", name)
                expect(not odd and not (own and "demo" in name), f"a layer holds {name}")
                content = tar.extractfile(member)
                expect(
                    not own or content is None or CANARY.encode() not in content.read(),
                    f"{name} holds what lay beside the checkout",
                )


def check_running(image: Path, data: Path) -> None:
    settings = {"DATABASE_URL": "sqlite:////data/panel.sqlite3", "ALLOWED_HOSTS": HOST}
    made = in_container(image, data, {}, "python", "manage.py", "newkeys")
    lines = [line for line in made.splitlines() if "=" in line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines) | settings
    in_container(image, data, settings, "python", "manage.py", "migrate", "--no-input")
    first = {"PANEL_ADMIN_NAME": "admin", "PANEL_ADMIN_PASSWORD": PASSWORD}
    in_container(image, data, settings | first, "python", "manage.py", "ensure_admin")
    in_container(
        image, data, settings, "python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"
    )
    with serving(image, data, settings) as port:
        check_answers(port)
    check_contents(image)
    written = sorted(path.name for path in data.iterdir())
    expect(written == ["panel.sqlite3"], f"it left {written} in /data")


def check_contents(image: Path) -> None:
    """The bill of materials and the licence texts that the image carries."""
    bill = json.loads((image / "app/sbom.cdx.json").read_text())
    names = {component["name"] for component in bill["components"]}
    expect({"django", "python", "libc6"} <= names, f"its bill of materials has only {names}")
    texts = {file.stem for file in (image / "app/licences").iterdir()}
    expect({"django", "pools-panel"} <= texts, f"it has the licences of {texts} alone")
    print(f"  {len(names)} names on its bill of materials, {len(texts)} licence files")


@contextmanager
def serving(image: Path, data: Path, settings: dict[str, str]) -> Iterator[int]:
    """The image's own command as process 1, until it is healthy; then stopped as docker does."""
    command = ("gunicorn", "--config", "adminpanel/gunicorn_conf.py", "adminpanel.wsgi:application")
    # The socket itself: a port that is only named could be taken first.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        settings = settings | {"WEB_BIND": f"127.0.0.1:{port}"}
        handed_over = listener.fileno()
        server = subprocess.Popen(
            container(image, data, settings, *command, "--bind", f"fd://{handed_over}"),
            pass_fds=(handed_over,),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        healthy = container(image, data, settings, "python", "-m", "adminpanel.alive")
        started = time.monotonic()
        while subprocess.run(healthy, check=False).returncode:
            expect(server.poll() is None, "it ended by itself")
            expect(time.monotonic() - started < 30, "it does not become healthy")
        print(f"  healthy after {time.monotonic() - started:.1f} s")
        yield port
        # unshare waits for its child, which is process 1 in there.
        (child,) = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGTERM)
        expect(server.wait(45) == 0, f"it ended with {server.returncode} when it was stopped")
    finally:
        server.kill()
        said, _ = server.communicate()
    expect("Traceback" not in said and "WARNING" not in said, f"it said:\n{said}")


def check_answers(port: int) -> None:
    jar = http.cookiejar.CookieJar()
    # It is served over TLS: so its cookies must come back, and the proxy's word is given.
    policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
    jar.set_policy(policy)
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), NoRedirect())
    said = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}

    def ask(path: str, form: dict[str, str] | None = None, **more: str) -> tuple[int, str, bytes]:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=said | more)
        if form is not None:
            request.data = urllib.parse.urlencode(form).encode()
            request.add_header("Referer", f"https://{HOST}{path}")
        try:
            answer = browser.open(request, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers.get("Location", ""), answer.read()

    page = ask("/accounts/login/")[2].decode()
    words = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    sheet = re.search(r'href="(/static/[^"]+\.css)"', page)
    if not words or not sheet:
        raise Failed("the sign-in page has no form or no style sheet")
    expect(ask(sheet[1])[0] == 200, f"{sheet[1]} is not served")
    form = {"csrfmiddlewaretoken": words[1], "login": "admin", "password": PASSWORD}
    status, place, _ = ask("/accounts/login/", form)
    expect((status, place) == (302, "/"), f"signing in answers {status} {place}")
    expect(ask("/people/")[0] == 200, "the administrator's pages do not open")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like others."""

    def redirect_request(self, *arguments: object) -> None:
        return None


def in_container(image: Path, data: Path, settings: dict[str, str], *command: str) -> str:
    return run(*container(image, data, settings, *command))


def container(image: Path, data: Path, settings: dict[str, str], *command: str) -> list[str]:
    """The command line that runs a command in the image, with no other privilege than to."""
    given = {
        "PATH": "/venv/bin:/usr/bin:/bin",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    variables = [f"{name}={value}" for name, value in {**given, **settings}.items()]
    return [
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", CONTAINER, "sh"),
        *(str(image), str(data), *variables, "sh", "-c", 'cd /app && exec "$@"', "sh", *command),
    ]


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise Failed(f"{' '.join(map(str, command[:12]))} … ended with {done.returncode}:\n{last}")
    return done.stdout


def expect(fine: object, otherwise: str) -> None:
    if not fine:
        raise Failed(otherwise)


def say(what: str) -> None:
    print(f"--- {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
