"""What the Docker lab's services need before they run: folders on HDFS, the events topic, InfluxDB's bucket and tokens.

Runs as a one-shot container at every start, and makes only what is not there.
"""

import shutil
import sys
from pathlib import Path

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.authorization import Authorization
from influxdb_client.domain.onboarding_request import OnboardingRequest
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource
from influxdb_client.rest import ApiException
from influxdb_client.service.setup_service import SetupService
from urllib3.exceptions import HTTPError

from shoplab.core.errors import LabError
from shoplab.core.kafka import ensure_topic
from shoplab.core.settings import Settings, load_settings
from shoplab.core.storage import Storage
from shoplab.core.wait import wait_until

SECRETS = Path("/run/lab-secrets")
FOLDERS = {"/data": "755", "/spark-events": "755", "/user": "755", "/tmp": "1777"}
GRAFANA_GROUP = 472
PATIENCE_S = 60.0


def prepare(settings: Settings, secrets: Path = SECRETS) -> None:
    """ServiceError where a server does not answer in time, LabError where InfluxDB belongs to other secrets."""
    make_folders(settings)
    no_topic = f"Kafka did not make the topic {settings.events_topic}; ./lab logs kafka"
    wait_until(lambda: ensure_topic(settings), PATIENCE_S, no_topic)
    prepare_influx(settings, secrets)


def make_folders(settings: Settings) -> None:
    storage = Storage(settings)
    for folder, mode in FOLDERS.items():
        if not storage.exists(folder):
            storage.make_folder(folder, mode)


def prepare_influx(settings: Settings, secrets: Path) -> None:
    """Organisation, bucket (kept for ever: events carry 2019's dates), and a token each for writing and reading it."""
    admin_token = (secrets / "influx-admin-token").read_text().strip()
    with InfluxDBClient(url=settings.influx_url, token=admin_token, org=settings.influx_org, timeout=10_000) as client:
        wait_until(lambda: _answers(client), PATIENCE_S, "InfluxDB does not answer; ./lab logs influxdb")
        setup = SetupService(client.api_client)
        if setup.get_setup().allowed:
            setup.post_setup(_onboarding(settings, secrets, admin_token))
        try:
            tokens = _tokens(client, settings)
        except ApiException as error:
            raise LabError(
                f"InfluxDB's volume was set up with another admin token than the one given now ({error.status});"
                " put the old INFLUX_ADMIN_TOKEN back into .env and type ./lab up, or delete all data: ./lab reset"
            ) from None
    for action, token in tokens.items():
        _keep(secrets / f"influx-{action}-token", token)


def _onboarding(settings: Settings, secrets: Path, token: str) -> OnboardingRequest:
    password = (secrets / "influx-admin-password").read_text().strip()
    return OnboardingRequest(
        username="shoplab", password=password, org=settings.influx_org, bucket=settings.influx_bucket, token=token
    )


def _tokens(client: InfluxDBClient, settings: Settings) -> dict[str, str]:
    """Action (write, read) -> a token that may do just that, with the one bucket. InfluxDB makes the tokens itself."""
    bucket = client.buckets_api().find_bucket_by_name(settings.influx_bucket)
    api = client.authorizations_api()
    there = {found.description: found.token for found in api.find_authorizations() if found.status == "active"}
    tokens = {}
    for action in ("write", "read"):
        name = f"shoplab {action}"
        resource = PermissionResource(type="buckets", id=bucket.id, org_id=bucket.org_id)
        wanted = Authorization(
            org_id=bucket.org_id, permissions=[Permission(action=action, resource=resource)], description=name
        )
        tokens[action] = there.get(name) or api.create_authorization(authorization=wanted).token
    return tokens


def _keep(path: Path, token: str) -> None:
    """Whole or not at all; Grafana's group may read the token that reads."""
    if path.is_file() and path.read_text().strip() == token:
        return
    partial = path.with_name(f".{path.name}")
    partial.unlink(missing_ok=True)
    partial.touch(0o600)
    partial.write_text(f"{token}\n")
    partial.chmod(0o440)
    if "read" in path.name:
        shutil.chown(partial, group=GRAFANA_GROUP)
    partial.rename(path)


def _answers(client: InfluxDBClient) -> bool:
    try:
        return client.ping()
    except (ApiException, HTTPError):
        return False


if __name__ == "__main__":
    try:
        prepare(load_settings())
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        sys.exit(error.exit_code)
