"""`python -m shoplab.serving`: the API as a background process of the lab. Its arguments only mark it as the lab's."""

from shoplab.serving.server import bind, run_api
from shoplab.settings import load_settings

settings = load_settings()
run_api(settings, bind("127.0.0.1", settings.api_port))
