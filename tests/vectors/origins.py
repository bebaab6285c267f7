#!/usr/bin/env python3
"""Asks real origins which handler they run for hostile paths, and writes the answers to origins.json.

`cargo test -p bouncer readings` compares them with the models of src/route/origins.rs. Each origin has the same handlers, in
the words of its own router, and says which one ran; an answer of the server's own (400, a redirect) is null. Paths are sent
as Bouncer sends them: resolved by a URL parser.

    origins.py FOLDER

FOLDER holds what is not part of this repository: node/ with Express 5, py/ with Starlette and uvicorn, and root/ with nginx,
Apache httpd and PHP, as their Debian packages unpack. Node is looked for in PATH.
"""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(sys.argv[1]).resolve()
ROOT = FOLDER / "root"
LIBRARIES = f"{ROOT}/usr/lib/x86_64-linux-gnu:{ROOT}/lib/x86_64-linux-gnu"
HERE = Path(__file__).resolve().parent

# The handlers, as src/policy/routing/tests/readings.rs has them; the one behind the last is the fallback.
HANDLERS = [
    "/", "/login", "/search", "/search/*", "/public/**", "/api/queues/*/*", "/files/*/acl", "/files/*", "/about", "/*",
]
FALLBACK = len(HANDLERS)

ODD = [
    "/", "//", "..", "%2e", "%2E%2e", "%2F", "%2f", "%5C", ";", "%3B", "%01", "%00", "%0A", "%25", "%252F", "%252e", "%zz", "A",
    "%41", "%6c", "%C3%A9", "%FF", ".json", "/index.php", "x",
]
NAMES = [
    "/login", "/search", "/search/x", "/public/y", "/api/queues/v/n", "/files/1", "/files/1/acl", "/about", "/page", "/..",
]
EACH = [
    "/", "/login", "/login/", "/Login", "/login%0A", "/%6cogin", "/login;x", "/search/x%2Fy", "/search/x%2F..%2F..%2Fpublic%2Fy",
    "/search/report%252Fx", "/search/%01", "/search/%3Bx", "/search/report%5Cx", "/search/..%2freport", "/api/queues/%2F/orders",
    "/files/..%2flogin", "/files/1%2Facl", "//login", "//a/login", "///a/login", "/search//x", "/public", "/public/", "/login%00",
    "/login%", "/index.php/login", "/index.php", "/about/", "/page/", "/files/1/acl%0A",
]


def paths():
    numbers = random.Random(13)
    found = [*EACH]
    while len(found) < 260:
        parts = [numbers.choice(ODD if numbers.random() < 0.6 else NAMES) for _ in range(numbers.randint(1, 6))]
        path = "".join(parts)
        found.append(path if path.startswith("/") else f"/{path}")
    script = "console.log(JSON.stringify(JSON.parse(process.argv[1]).map((path) => new URL('http://a' + path).pathname)))"
    resolved = json.loads(subprocess.check_output(["node", "-e", script, json.dumps(found)]))
    return sorted(set(resolved))


def pattern(handler, segment="[^/]+", end="$"):
    """The handler as a regular expression."""
    if handler == "/":
        return f"^/{end}"
    closed = handler.removesuffix("/**")
    text = "^" + closed.replace("*", segment)
    return text + (f"(/|{end})" if handler.endswith("/**") else end)


EXPRESS = """
const express = require(process.argv[2] + "/node_modules/express");
const app = express();
const handlers = JSON.parse(process.argv[3]);
handlers.forEach((handler, index) => {
  let names = 0;
  const path = handler.replace("/**", "{/*rest}").replace(/\\/\\*(?=\\/|$)/g, () => `/:p${names++}`);
  app.get(path, (request, response) => response.set("X-Handler", index).end());
});
app.use((request, response) => response.set("X-Handler", handlers.length).end());
app.use((error, request, response, next) => response.status(400).end());
app.listen(Number(process.argv[4]), "127.0.0.1");
"""

STARLETTE = """
import sys, json
sys.path.insert(0, sys.argv[1])
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
def route(path, index):
    async def handle(request):
        return Response(headers={"X-Handler": str(index)})
    return Route(path, handle)
handlers = json.loads(sys.argv[2])
def path(handler):
    names = iter("abc")
    return "".join("/{%s}" % next(names) if part == "*" else "/" + part for part in handler.split("/")[1:])
routes = []
for index, handler in enumerate(handlers):
    if handler.endswith("/**"):
        routes += [route(handler[:-3], index), route(handler[:-3] + "/{rest:path}", index)]
    else:
        routes.append(route(path(handler), index))
routes.append(route("/{rest:path}", len(handlers)))
uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(sys.argv[3]), log_level="error", http="h11")
"""

PHP = """<?php
$path = parse_url($_SERVER["REQUEST_URI"], PHP_URL_PATH);
if (!is_string($path)) { http_response_code(400); return; }
$path = rawurldecode($path);
if (preg_match('~^/index\\.php(/.*)?$~sD', $path, $match)) $path = $match[1] ?? "/";
if (strlen($path) > 1 && str_ends_with($path, "/")) $path = substr($path, 0, -1);
foreach (json_decode('PATTERNS') as $index => $pattern) {
  if (preg_match("~$pattern~", $path)) { header("X-Handler: $index"); return; }
}
header("X-Handler: FALLBACK");
"""


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def nginx(folder, express, starlette):
    """One nginx with a server for each way to set it up."""
    ports = {name: free_port() for name in ["nginx", "nginx merge_slashes off", "nginx in front of express",
                                            "nginx in front of starlette, decoding twice"]}
    def location(index, handler):
        if "*" in handler:
            # nginx, too, would match before a line feed with `$`.
            return f'location ~ "{pattern(handler, end=chr(92) + "z")}" {{ return 200 "handler:{index}"; }}'
        return f'location = {handler} {{ return 200 "handler:{index}"; }}'
    own = "\n".join([*map(location, range(FALLBACK), HANDLERS), f'location / {{ return 200 "handler:{FALLBACK}"; }}'])
    inside = [own, f"merge_slashes off;\n{own}", f"location / {{ proxy_pass http://127.0.0.1:{express}/; }}",
              f"location / {{ proxy_pass http://127.0.0.1:{starlette}$uri; }}"]
    servers = [f"server {{ listen 127.0.0.1:{port}; {text} }}" for port, text in zip(ports.values(), inside)]
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}\n"
        f"http {{ access_log off; {temporary}\n" + "\n".join(servers) + "}")
    return ports, [f"{ROOT}/usr/sbin/nginx", "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf"]


def apache(folder):
    ports = {name: free_port() for name in ["apache", "apache AllowEncodedSlashes On", "apache AllowEncodedSlashes NoDecode"]}
    modules = ROOT / "usr/lib/apache2/modules"
    load = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in ["mpm_event", "rewrite", "headers", "authz_core"])
    rules = "\n".join([f'RewriteRule "{pattern(handler, end=chr(92) + "z")}" - [E=HANDLER:{index},L]'
                       for index, handler in enumerate(HANDLERS)] + [f"RewriteRule ^ - [E=HANDLER:{FALLBACK}]"])
    hosts = "".join(
        f"Listen 127.0.0.1:{port}\n<VirtualHost 127.0.0.1:{port}>\nAllowEncodedSlashes {slashes}\nRewriteEngine On\n{rules}\n"
        "Header always set X-Handler %{HANDLER}e env=HANDLER\n</VirtualHost>\n"
        for port, slashes in zip(ports.values(), ["Off", "On", "NoDecode"]))
    (folder / "empty").mkdir()
    (folder / "apache.conf").write_text(
        f"ServerRoot {folder}\nServerName a\nPidFile {folder}/apache.pid\nErrorLog {folder}/apache.log\n"
        f"DocumentRoot {folder}/empty\n{load}\n{hosts}")
    return ports, [f"{ROOT}/usr/sbin/apache2", "-X", "-f", f"{folder}/apache.conf"]


def ask(port, path):
    """The handler that ran for a GET, or nothing."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(5)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode("latin1"))
        answer = b""
        try:
            while more := connection.recv(65536):
                answer += more
        except OSError:
            pass
    text = answer.decode("latin1")
    head, _, body = text.partition("\r\n\r\n")
    for line in head.split("\r\n"):
        if line.lower().startswith("x-handler:"):
            return int(line.split(":")[1])
    return int(body.split("handler:")[1]) if "handler:" in body else None


def main():
    asked = paths()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        handlers = json.dumps(HANDLERS)
        (folder / "express.js").write_text(EXPRESS)
        (folder / "starlette_origin.py").write_text(STARLETTE)
        patterns = json.dumps([pattern(handler) for handler in HANDLERS])
        (folder / "router.php").write_text(PHP.replace("PATTERNS", patterns).replace("FALLBACK", str(FALLBACK)))
        ports = {"express": free_port(), "starlette": free_port(), "php": free_port()}
        nginx_ports, start_nginx = nginx(folder, ports["express"], ports["starlette"])
        apache_ports, start_apache = apache(folder)
        programs = [
            ["node", folder / "express.js", FOLDER / "node", handlers, str(ports["express"])],
            [sys.executable, folder / "starlette_origin.py", FOLDER / "py", handlers, str(ports["starlette"])],
            [f"{ROOT}/usr/bin/php8.2", "-n", "-S", f"127.0.0.1:{ports['php']}", folder / "router.php"],
            start_nginx,
            start_apache,
        ]
        ports |= nginx_ports | apache_ports
        unpacked = {**os.environ, "LD_LIBRARY_PATH": LIBRARIES}
        running = []
        try:
            for program in programs:
                env = unpacked if str(program[0]).startswith(str(ROOT)) else os.environ
                log = open(folder / "log", "ab")
                running.append(subprocess.Popen([str(part) for part in program], env=env, stdout=log, stderr=log))
            for name, port in ports.items():
                for _ in range(200):
                    try:
                        if ask(port, "/") == 0:
                            break
                    except OSError:
                        pass
                    time.sleep(0.1)
                else:
                    raise SystemExit(f"{name} does not answer:\n{(folder / 'log').read_text()}")
            origins = {name: [ask(port, path) for path in asked] for name, port in sorted(ports.items())}
        finally:
            for program in running:
                program.terminate()
                program.wait()
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(found)}" for name, found in origins.items())
    text = f'{{\n  "paths": {json.dumps(asked)},\n  "origins": {{\n{lines}\n  }}\n}}\n'
    (HERE / "origins.json").write_text(text)


main()
