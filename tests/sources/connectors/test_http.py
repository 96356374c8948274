"""Pulling from a server on loopback that pages, limits, breaks and changes on purpose."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import duckdb
import pytest

from pipelines.core.errors import SourceError
from pipelines.core.settings import Settings, SettingsError
from pipelines.sources.connectors import declaration, http_requests
from pipelines.sources.connectors.deliveries import Deliveries
from pipelines.sources.connectors.pull import PullReport, pull

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Server:
    """What the server answers, and what it was asked: path with parameters, and headers."""

    url: str = ""
    reply: Callable[[str, dict[str, str], dict[str, str]], Reply] = lambda *_: (404, {}, b"")
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def pages(self, of: str = "page") -> list[str | None]:
        """The page that each request asked for."""
        return [parameters.get(of) for _, parameters, _ in self.asked]


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            parameters = dict(parse_qsl(parts.query))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.asked.append((parts.path, parameters, headers))
            code, answer, body = state.reply(parts.path, parameters, headers)
            self.send_response(code)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **answer,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{listening.server_port}"
    yield state
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """Seconds that were waited; nobody waits."""
    waited: list[float] = []
    clock = SimpleNamespace(sleep=lambda seconds: waited.append(round(seconds, 3)), monotonic=lambda: 0.0)
    monkeypatch.setattr(http_requests, "time", clock)
    monkeypatch.setenv("PROGRAMME_KEY", "s3cret-key")
    return waited


def _account(number: int) -> dict[str, object]:
    return {"account_id": f"A{number}", "holder_id": "E", "holder_type": "compliance"}


def _paged(accounts: list[dict[str, object]], size: int = 2, **headers: str) -> Callable[..., Reply]:
    """A server that pages by number and gives each page a tag of its content."""

    def reply(_: str, parameters: dict[str, str], asked: dict[str, str]) -> Reply:
        begin = (int(parameters["page"]) - 1) * size
        body = json.dumps(accounts[begin : begin + size]).encode()
        tag = f'"{hash(body)}"'
        if asked.get("if-none-match") == tag:
            return 304, {"ETag": tag}, b""
        return 200, {"ETag": tag, **headers}, body

    return reply


def _api(server: Server, **more: object) -> dict[str, object]:
    return {
        "kind": "http",
        "url": f"{server.url}/accounts",
        "file": "accounts",
        "key": {"variable": "PROGRAMME_KEY", "header": "x-api-key"},
        "paging": {"by": "page", "parameter": "page", "size_parameter": "perPage", "size": 2},
        **more,
    }


def _pull(settings: Settings) -> PullReport:
    return pull(settings, declaration.load(settings.home), "programme")


def _ids(settings: Settings) -> list[str]:
    file = f"{settings.deliveries}/current/accounts/programme/all.parquet"
    return [row[0] for row in duckdb.sql(f"select account_id from read_parquet('{file}')").fetchall()]


def _failing_first(reply: Callable[..., Reply], *failures: Reply) -> Callable[..., Reply]:
    """The failures, one a request, and then what `reply` says."""
    left = list(failures)
    return lambda *asked: left.pop(0) if left else reply(*asked)


def test_all_pages_are_read_with_the_key_and_at_the_stated_rate(server, waits, declare):
    server.reply = _paged([_account(n) for n in range(5)])
    settings = declare(programme=_api(server, requests_a_minute=30))
    assert _pull(settings).rows == {"accounts": 5}
    assert _ids(settings) == ["A0", "A1", "A2", "A3", "A4"]
    assert server.pages() == ["1", "2", "3"]
    assert {headers["x-api-key"] for _, _, headers in server.asked} == {"s3cret-key"}
    assert waits == [0.0, 2.0, 2.0]


def test_offsets_and_links_are_other_ways_to_page(server, waits, declare):
    accounts = [_account(n) for n in range(5)]

    def by_offset(_: str, parameters: dict[str, str], __: dict[str, str]) -> Reply:
        begin = int(parameters["offset"])
        return 200, {}, json.dumps({"data": {"items": accounts[begin : begin + 2]}}).encode()

    server.reply = by_offset
    paging = {"by": "offset", "parameter": "offset", "size": 2}
    settings = declare(programme=_api(server, paging=paging, records="data.items"))
    _pull(settings)
    assert server.pages("offset") == ["0", "2", "4"]

    def by_link(_: str, parameters: dict[str, str], __: dict[str, str]) -> Reply:
        begin = int(parameters.get("from", 0))
        document = {
            "rows": accounts[begin : begin + 2],
            "links": {"next": f"/accounts?from={begin + 2}&key=s3cret-key"},
        }
        return 200, {}, json.dumps(document if begin < 4 else {"rows": accounts[4:]}).encode()

    server.reply = by_link
    key = {"variable": "PROGRAMME_KEY", "parameter": "key"}
    declared = _api(server, paging={"by": "next", "next_field": "links.next"}, records="rows", key=key)
    settings = declare(programme=declared)
    assert _pull(settings).rows == {"accounts": 5}
    assert server.pages("key")[-3:] == ["s3cret-key"] * 3
    for path in settings.home.rglob("*"):
        assert not path.is_file() or b"s3cret" not in path.read_bytes()


def test_numbers_keep_their_digits_and_absent_fields_are_null(server, waits, declare):
    body = (
        b'[{"account_id": "A", "holder_id": 12345678901234567890, "holder_type": 0.10}, {"account_id": null}]'
    )
    server.reply = lambda *_: (200, {}, body)
    settings = declare(programme=_api(server, paging={"by": "none"}))
    _pull(settings)
    file = f"{settings.deliveries}/current/accounts/programme/all.parquet"
    assert duckdb.sql(f"from read_parquet('{file}')").fetchall() == [
        ("A", "12345678901234567890", "0.10"), (None, None, None),
    ]  # fmt: skip


def test_faults_that_pass_are_tried_again_after_the_stated_time(server, waits, declare):
    good = _paged([_account(1)])
    cut = (200, {"Content-Length": "500"}, b'[{"account_id": "A')
    server.reply = _failing_first(good, (429, {"Retry-After": "7"}, b""), (500, {}, b""), cut, (503, {}, b""))
    settings = declare(programme=_api(server, requests_a_minute=1e9))
    assert _pull(settings).rows == {"accounts": 1}
    assert [wait for wait in waits if wait] == [7.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("reply", "more", "expected"),
    [
        ((500, {}, b""), {}, "found state 500 in 3 attempts"),
        ((429, {"Retry-After": "900"}, b""), {}, "a server that asks for 900 s"),
        ((429, {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}, b""), {}, "a wait of at most 300 s"),
        ((401, {}, b"bad key s3cret-key"), {}, "state 401: bad key ***. Check the key"),
        ((404, {}, b"no such thing"), {}, "expected state 200, found state 404: no such thing"),
        ((302, {"Location": "https://elsewhere.example/"}, b""), {}, "Declare the address itself"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), {}, "type json, found text/html"),
        ((200, {}, b"[1, 2"), {}, "expected JSON in UTF-8, found a fault in line 1"),
        ((200, {}, b"\xff\xfe"), {}, "expected JSON in UTF-8, found other bytes from byte 1 on"),
        ((200, {}, b'{"error": "none"}'), {}, "State in `records`"),
        ((200, {}, b'[{"account_id": "A"}]' + b" " * 2_000_000), {"page_megabytes": 1}, "at most 1 MB"),
        ((200, {}, b'[{"account_id": "A"}, {}]'), {}, "found the content of the page before"),
        ((200, {"x-total": "3"}, b'[{"account_id": "A"}]'), {"total_header": "X-Total"}, "3 records"),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_refused_and_delivers_nothing(server, waits, declare, reply, more, expected):
    server.reply = lambda *_: reply
    settings = declare(programme=_api(server, attempts=3, **more))
    with pytest.raises(SourceError, match="source programme, ") as error:
        _pull(settings)
    assert expected in str(error.value)
    assert "s3cret" not in str(error.value)
    assert "Nothing was delivered" in str(error.value)
    assert Deliveries(settings).current is None


def test_endless_pages_end(server, waits, declare):
    server.reply = lambda _, parameters, __: (
        200, {}, json.dumps([_account(int(parameters["page"])), _account(0)]).encode(),
    )  # fmt: skip
    with pytest.raises(SourceError, match="at most 7 pages"):
        _pull(declare(programme=_api(server, most_pages=7)))
    assert len(server.asked) == 7


def test_a_link_to_another_server_is_not_followed(server, waits, declare):
    server.reply = lambda *_: (200, {"Link": '<https://elsewhere.example/2>; rel="next"'}, b"[]")
    with pytest.raises(SourceError, match=r"found elsewhere\.example"):
        _pull(declare(programme=_api(server, paging={"by": "next"})))


def test_unchanged_pages_are_not_transmitted_again(server, waits, declare):
    accounts = [_account(n) for n in range(5)]
    server.reply = _paged(accounts)
    settings = declare(programme=_api(server))
    _pull(settings)
    assert not _pull(settings).changed
    assert len({headers["if-none-match"] for _, _, headers in server.asked[3:]}) == 3
    accounts[3] = _account(33)
    assert _pull(settings).changed
    assert _ids(settings) == ["A0", "A1", "A2", "A33", "A4"]


def test_a_pull_that_broke_off_is_taken_up(server, waits, declare):
    good = _paged([_account(n) for n in range(5)])
    server.reply = lambda *asked: good(*asked) if asked[1]["page"] != "3" else (500, {}, b"")
    settings = declare(programme=_api(server, attempts=1))
    with pytest.raises(SourceError, match="page=3"):
        _pull(settings)
    del server.asked[:]
    server.reply = good
    _pull(settings)
    assert _ids(settings) == ["A0", "A1", "A2", "A3", "A4"]
    # The two pages that were there are only asked whether they have changed.
    assert ["if-none-match" in headers for _, _, headers in server.asked] == [True, True, False]
    assert not (settings.deliveries / ".unfinished" / "programme").exists()


def test_a_pull_is_not_taken_up_where_the_source_has_changed(server, waits, declare):
    """Only the first page has a tag; when it differs, the others that were there are read anew."""
    accounts = [_account(n) for n in range(5)]
    tagged = _paged(accounts)

    def reply(path: str, parameters: dict[str, str], headers: dict[str, str]) -> Reply:
        code, answer, body = tagged(path, parameters, headers)
        return code, answer if parameters["page"] == "1" else {}, body

    server.reply = lambda *asked: reply(*asked) if asked[1]["page"] != "3" else (500, {}, b"")
    settings = declare(programme=_api(server, attempts=1))
    with pytest.raises(SourceError):
        _pull(settings)
    accounts.insert(0, _account(9))
    server.reply = reply
    _pull(settings)
    assert _ids(settings) == ["A9", "A0", "A1", "A2", "A3", "A4"]


def test_csv_pages_are_read_by_a_mapping(server, waits, declare):
    rows = ["KONTO;INHABER", "A;E", "B;E"]
    server.reply = lambda _, parameters, __: (
        200,
        {"Content-Type": "text/csv"},
        "\n".join(rows if parameters["page"] == "1" else rows[:2]).encode(),
    )
    settings = declare(programme=_api(server, format="csv", mapping="programme.yml"))
    (settings.home / "programme.yml").write_text(
        """
title: Accounts
market: {id: cn, name_zh: 全国, name_en: China, currency: CNY, timezone: Asia/Shanghai}
inputs:
  konten: {table: accounts, rows: one account, key: [konto], columns: {konto: {}, inhaber: {}}}
tables:
  accounts: {from: konten, columns: {account_id: konto, holder_id: inhaber, holder_type: "'compliance'"}}
""",
        encoding="utf-8",
    )
    _pull(settings)
    assert sorted(_ids(settings)) == ["A", "B"]


def test_a_key_that_is_not_set_and_an_open_line_are_wrong_use(server, declare, monkeypatch):
    monkeypatch.delenv("PROGRAMME_KEY", raising=False)
    with pytest.raises(SettingsError, match="environment variable PROGRAMME_KEY"):
        _pull(declare(programme=_api(server)))
    with pytest.raises(SettingsError, match="url: expected https"):
        _pull(declare(programme={**_api(server), "url": "http://registry.example/accounts"}))


def _since(records: list[dict[str, object]]) -> Callable[..., Reply]:
    """A server that pages and gives the records whose time is not before the one that is asked for."""

    def reply(path: str, parameters: dict[str, str], asked: dict[str, str]) -> Reply:
        lowest = parameters.get("updatedSince", "")
        return _paged([record for record in records if str(record["updated"]) >= lowest])(
            path, parameters, asked
        )

    return reply


def _increments(settings: Settings) -> list[list[str]]:
    """Ids of each increment that is delivered."""
    folder = settings.deliveries / "current" / "accounts" / "programme"
    files = sorted(folder.glob("increment=*/*.parquet"))
    return [sorted(row[0] for row in duckdb.read_parquet(str(file)).fetchall()) for file in files]


def test_records_since_the_last_value_are_a_further_increment(server, waits, declare):
    records = [{**_account(n), "updated": f"2024-01-0{n + 1}T08:00:00Z"} for n in range(3)]
    server.reply = _since(records)
    since = {
        "parameter": "updatedSince",
        "field": "updated",
        "first": "2024-01-01T00:00:00Z",
        "overlap": 3600,
    }
    settings = declare(programme=_api(server, since=since))
    assert _pull(settings).rows == {"accounts": 3}
    assert _pull(settings).rows == {"accounts": 0}
    records.append({**_account(8), "updated": "2024-01-03T07:30:00Z"})
    records.append({**_account(9), "updated": "2024-01-05T08:00:00Z"})
    assert _pull(settings).rows == {"accounts": 2}
    assert _pull(settings).rows == {"accounts": 0}
    assert [asked["updatedSince"] for _, asked, _ in server.asked if asked["page"] == "1"] == [
        "2024-01-01T00:00:00Z",
        "2024-01-03T07:00:00Z",
        "2024-01-03T07:00:00Z",
        "2024-01-05T07:00:00Z",
    ]
    assert _increments(settings) == [["A0", "A1", "A2"], ["A8", "A9"]]


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ({"field": "absent"}, "expected the field absent in each record"),
        ({"field": "account_id"}, "expected values of type time in the field account_id"),
        ({"field": "updated", "type": "integer"}, "expected values of type integer in the field updated"),
    ],
)
def test_a_field_that_does_not_grow_is_refused(server, waits, declare, since, expected):
    server.reply = _paged([{**_account(n), "updated": "2024-01-01"} for n in range(2)])
    settings = declare(programme=_api(server, since={"parameter": "from", **since}))
    with pytest.raises(SourceError, match=expected):
        _pull(settings)
    assert not (settings.deliveries / "current").exists()


def test_nothing_new_yet_is_no_part_and_the_first_records_are_the_first_increment(server, waits, declare):
    records: list[dict[str, object]] = []
    server.reply = _since(records)
    settings = declare(programme=_api(server, since={"parameter": "updatedSince", "field": "updated"}))
    assert _pull(settings).rows == {"accounts": 0}
    assert not (settings.deliveries / "current" / "accounts" / "programme").exists()
    records.append({**_account(0), "updated": "2024-01-01T08:00:00Z"})
    assert _pull(settings).rows == {"accounts": 1}
    assert _increments(settings) == [["A0"]]


def test_a_table_without_records_is_no_file_without_columns(server, waits, declare):
    server.reply = _paged([])
    settings = declare(programme=_api(server))
    assert _pull(settings).rows == {"accounts": 0}
    assert not _pull(settings).changed
    assert not (settings.deliveries / "current" / "accounts" / "programme").exists()
    server.reply = _paged([_account(0)])
    assert _pull(settings).rows == {"accounts": 1}
    assert _ids(settings) == ["A0"]
    server.reply = _paged([])
    assert _pull(settings).changed
    assert not (settings.deliveries / "current" / "accounts" / "programme").exists()


def test_times_of_which_some_have_a_zone_are_refused(server, waits, declare):
    times = ("2024-01-01T08:00:00Z", "2024-01-02T08:00:00")
    server.reply = _paged([{**_account(n), "updated": time} for n, time in enumerate(times)])
    settings = declare(programme=_api(server, since={"parameter": "from", "field": "updated"}))
    with pytest.raises(
        SourceError, match="all have a zone or all have none, found '2024-01-02T08:00:00' and"
    ):
        _pull(settings)


def test_a_page_without_a_tag_is_asked_for_by_its_time(server, waits, declare):
    changed = "Mon, 01 Jan 2024 00:00:00 GMT"

    def reply(_: str, parameters: dict[str, str], asked: dict[str, str]) -> Reply:
        if asked.get("if-modified-since") == changed:
            return 304, {}, b""
        return 200, {"Last-Modified": changed}, json.dumps([_account(1)]).encode()

    server.reply = reply
    settings = declare(programme=_api(server))
    assert _pull(settings).changed
    assert not _pull(settings).changed
    assert [asked.get("if-modified-since") for _, _, asked in server.asked] == [None, changed]
