"""Jupyter and Locust, which run on request."""

import requests

from shoplab.core.settings import REPO
from shoplab.core.wait import wait_until
from shoplab.lab.docker import environment
from tests.docker.conftest import Stack


def test_the_first_notebook_runs_on_the_cluster(full: Stack) -> None:
    limit = "--ExecutePreprocessor.timeout=300"  # a cell that waits for cores would wait for ever
    convert = [
        "jupyter",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        limit,
        "--output-dir",
        "/tmp",
        "--output",
        "ran",
    ]
    full.run("jupyter", *convert, "/notebooks/first-look.ipynb")
    ran = full.run("jupyter", "cat", "/tmp/ran.ipynb")
    assert "purchase" in ran
    assert "image/png" in ran
    history = f"http://127.0.0.1:{full.settings.history_port}/api/v1/applications"
    with requests.Session() as session:
        session.trust_env = False
        wait_until(
            lambda: "shoplab notebook" in session.get(history, timeout=20).text,
            60,
            "the notebook is not in the history",
        )


def test_jupyter_wants_its_token(full: Stack) -> None:
    url = f"http://127.0.0.1:{full.settings.jupyter_port}/api/contents"
    token = environment.read(full.settings)["JUPYTER_TOKEN"]
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(url, timeout=20).status_code == 403
        answer = session.get(url, headers={"Authorization": f"token {token}"}, timeout=20)
        elsewhere = {"Authorization": f"token {token}", "Host": "evil.example"}
        assert session.get(url, headers=elsewhere, timeout=20).status_code == 403
    ours = {path.name for path in (REPO / "apps/notebooks").glob("*.ipynb")}
    assert {entry["name"] for entry in answer.json()["content"]} == ours


def test_locusts_page_answers_with_the_labs_users(full: Stack) -> None:
    with requests.Session() as session:
        session.trust_env = False
        page = session.get(f"http://127.0.0.1:{full.settings.locust_port}/", timeout=20)
    assert page.status_code == 200
    for user in ("ShopperUser", "WebHdfsUser", "ProducerUser"):
        assert user in page.text
