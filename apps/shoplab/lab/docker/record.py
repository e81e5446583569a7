"""What later commands must know of the running Docker lab: its ports and the tokens that reach it from this machine."""

from shoplab.core.errors import LabError
from shoplab.core.settings import PORTS, REPO, Settings, variable
from shoplab.lab.docker import compose, environment

_ONE_SHOT = ("run", "--rm", "--no-deps", "-T", "secrets")
SECRET_FILES = {key.lower().replace("_", "-"): key for key in environment.SECRETS}


def give_secrets(settings: Settings) -> None:
    """Those of .env to the lab's own volume; by standard input, so that no container's description shows them."""
    secrets = {key: value for key, value in environment.read(settings).items() if key in environment.SECRETS}
    if secrets:
        lines = "".join(f"{key}={value}\n" for key, value in secrets.items())
        compose.call(settings, *_ONE_SHOT, "lab-secrets", given=lines)


def read_secrets(settings: Settings) -> dict[str, str]:
    """Key -> secret, as the containers have them."""
    script = "cd /run/lab-secrets && for name in *; do echo $name=$(cat $name); done"
    output = compose.call(settings, *_ONE_SHOT, "sh", "-c", script)
    files = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    return {key: files[name] for name, key in SECRET_FILES.items() if name in files}


def record(settings: Settings) -> None:
    """For later commands: that the Docker lab runs, its ports, and what reaches it from this machine."""
    secrets = environment.read(settings)
    values = {
        "SHOPLAB_LAB": "docker",
        "SHOPLAB_HDFS_USER": "shoplab",
        "SHOPLAB_INFLUX_URL": f"http://127.0.0.1:{settings.influx_port}",
        "SHOPLAB_INFLUX_TOKEN": secrets["INFLUX_WRITE_TOKEN"],
        "SHOPLAB_INFLUX_READ_TOKEN": secrets["INFLUX_READ_TOKEN"],
    } | {variable(port): str(getattr(settings, port)) for port in PORTS}
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    file = settings.record
    file.touch(0o600)
    file.chmod(0o600)
    file.write_text("".join(f"{key}={value}\n" for key, value in values.items()))


def find(settings: Settings) -> bool:
    """Whether the Docker lab of this folder runs though `./lab up` did not start it; then it is recorded."""
    try:
        here = f"com.docker.compose.project.working_dir={REPO}"
        running = {
            c["Service"] for c in compose.containers(settings, everything=False) if here in c["Labels"].split(",")
        }
        if "namenode" not in running or is_somebody_elses(settings):
            return False
        environment.write(settings, read_secrets(settings))
        record(settings)
    except LabError:
        return False
    return True


def is_somebody_elses(settings: Settings) -> bool:
    """A lab with a home of its own has nothing to do with the project that all others share."""
    return settings.home != REPO / ".lab" and settings.project == Settings.project
