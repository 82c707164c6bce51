"""An export of 100,000 pools: its memory, and its time beside fetching the pages bare."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.sampling import share_of
from tests.house.processes import LINUX_ONLY

pytestmark = LINUX_ONLY

ROOT = Path(__file__).resolve().parents[2]
POOLS = share_of(1000) * 100
MOST_MEBIBYTES = 60
CORE_SECONDS = 0.05

# A Core of its own process: with so many pools, and so long for each answer.
CORE = """
import json, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

POOLS, SECONDS = int(sys.argv[1]), float(sys.argv[2])

def pool(number):
    return {
        "id": number, "name": f"Connection pool number {number}", "limit": number % 50 + 1,
        "timeout": None, "created_at": "2026-05-01T10:00:00.000000Z",
        "updated_at": "2026-05-02T10:00:00.000000Z",
        "connectors": [
            {"id": number, "name": "NetSuite live", "system": {"id": 1, "name": "NetSuite"}},
        ],
    }

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        begun = time.monotonic()
        asked = parse_qs(urlsplit(self.path).query)
        page, size = int(asked["page"][0]), int(asked["per_page"][0])
        first = (page - 1) * size + 1
        rows = [pool(each) for each in range(first, min(first + size, POOLS + 1))]
        meta = {"current_page": page, "per_page": size, "from": first, "total": POOLS,
                "last_page": -(-POOLS // size)}
        body = json.dumps({"data": rows, "meta": meta}).encode()
        time.sleep(max(0, SECONDS - (time.monotonic() - begun)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""

# Fetches all pages: bare, by the library that the panel asks with; and as an export.
FETCHER = """
import json, os, re, sys, time
from pathlib import Path
import django
django.setup()
import urllib3
from pools.batches.pool_export import PoolExport, Shape
from pools.batches.whole_list import WholeList, WholeQuery
from pools.changes.exporting import Format
from pools.core import ApiKey, CoreClient, CoreLimits
from pools.models import Company
from pools.secret import Secret

def memory(what):
    status = Path("/proc/self/status").read_text()
    return int(re.search(what + r":\\s+(\\d+) kB", status)[1]) / 1024

url, pools = sys.argv[1], int(sys.argv[2])

def bare(most):
    with urllib3.HTTPConnectionPool("127.0.0.1", int(url.rsplit(":", 1)[1])) as core:
        for page in range(1, most + 1):
            core.request(
                "GET",
                "/api/v1/connection-pools?include=connectors.system&sort=created_at"
                f"&per_page=100&page={page}",
            ).data

def export(form, stop=None):
    core = CoreClient(url, ApiKey(Secret("canary-canary")), CoreLimits())
    listed = WholeList(Company(slug="acme"), WholeQuery(connectors=True), lambda: core)
    shape = Shape(form, connectors=True)
    made = PoolExport(listed, shape, {"company": "acme"}, lambda end: end.state)
    size = 0
    for number, piece in enumerate(made):
        size += len(piece)
        if number == stop:
            break
    return size, listed.end

export(Format.CSV, 3)
idle = memory("VmRSS")
figures = {"idle": idle}
for form in Format:
    pages = pools // 100
    begun = time.monotonic(); bare(pages // 2); half = time.monotonic() - begun
    begun = time.monotonic(); size, end = export(form); took = time.monotonic() - begun
    begun = time.monotonic(); bare(pages - pages // 2); half += time.monotonic() - begun
    assert end.pools == pools and end.state == "complete", end
    figures[form] = {"bare": half, "export": took, "bytes": size}
figures["grown"] = memory("VmHWM") - idle
print(json.dumps(figures))
"""


@contextmanager
def core(seconds: float) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", CORE, str(POOLS), str(seconds)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


@pytest.mark.timeout(600)
def test_100_000_pools_fit_into_60_mib_and_what_they_cost_beside_fetching_them_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with core(CORE_SECONDS) as url:
        done = subprocess.run(
            [sys.executable, "-c", FETCHER, url, str(POOLS)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    figures = json.loads(done.stdout)
    with capsys.disabled():
        print(f"\n{POOLS:,} pools, Core takes {CORE_SECONDS * 1000:.0f} ms a page of a hundred:")
        for form in ("csv", "json"):
            bare, export = figures[form]["bare"], figures[form]["export"]
            print(
                f"  {form}: {export:.1f} s, the pages bare {bare:.1f} s: {export / bare:.2f} times;"
                f" {figures[form]['bytes'] / 2**20:.0f} MiB"
            )
        print(f"  memory: {figures['grown']:.0f} MiB more than the {figures['idle']:.0f} of idling")
    assert figures["grown"] <= MOST_MEBIBYTES
